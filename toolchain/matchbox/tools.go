//go:build tools

package tools

import _ "github.com/poseidon/matchbox/cmd/matchbox"
