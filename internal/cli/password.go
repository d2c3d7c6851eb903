package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/term"

	"github.com/ambit-hub/ambit/internal/hub"
)

// maxPassword is the length in bytes of the line that holds a password, line end included.
const maxPassword = 4096

// readPassword takes the first line of standard input. On a terminal it asks for it, and the line is not shown.
func (a *app) readPassword() (string, error) {
	var line string
	var err error
	if f, ok := a.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		line, err = a.askPassword(int(f.Fd()))
	} else {
		line, err = bufio.NewReader(io.LimitReader(a.in, maxPassword)).ReadString('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", hub.Errorf(hub.InvalidInput, "Standard input holds no password.")
	}
	return line, nil
}

// exitInterrupted is the exit code of a command that is interrupted while it asks, as a shell tells it.
const exitInterrupted = 130

// askPassword reads a line from a terminal that shows it no longer. An interrupt must not leave the terminal so.
func (a *app) askPassword(fd int) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	interrupt, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(interrupt, os.Interrupt)
	defer signal.Stop(interrupt)
	defer close(done)
	go func() {
		select {
		case <-interrupt:
			_ = term.Restore(fd, before)
			os.Exit(exitInterrupted)
		case <-done:
		}
	}()
	fmt.Fprint(a.err, "Password: ")
	line, err := term.ReadPassword(fd)
	fmt.Fprintln(a.err)
	return string(line), err
}
