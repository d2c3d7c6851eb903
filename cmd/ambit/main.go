// Command ambit is a self-hosted hub for models, datasets and spaces, and its operator's tool.
package main

import (
	"os"

	"github.com/ambit-hub/ambit/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
