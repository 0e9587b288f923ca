/** Where Talos' services listen (machinery/constants). */
export const apidPort = 50000;
export const trustdPort = 50001;
