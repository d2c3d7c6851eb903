package compat

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// vars is what a script is told, as a JSON object on its standard input: the endpoint is in the environment.
type vars map[string]any

// python runs py/{script}.py in an empty home against the hub; the test fails if the script does. The script's standard output
// is returned. env has further variables in the form NAME=value.
func python(t *testing.T, h *hub, script string, v vars, env ...string) string {
	t.Helper()
	return pythonOf(t, h, "venv", script, v, env...)
}

// pythonOf is python with the client of another year.
func pythonOf(t *testing.T, h *hub, venv, script string, v vars, env ...string) string {
	t.Helper()
	interpreter := filepath.Join(root, ".testenv", venv, "bin/python")
	return runClient(t, h, v, env, interpreter, filepath.Join(root, "test/compat/py", script+".py"))
}

// node runs js/{script}.mjs in the same way.
func node(t *testing.T, h *hub, script string, v vars) string {
	t.Helper()
	program := filepath.Join(root, ".testenv/node/bin/node") // there where the machine's is too old: see test/env/setup
	if _, err := os.Stat(program); err != nil {
		program = "node"
	}
	return runClient(t, h, v, nil, program, filepath.Join(root, "test/compat/js", script+".mjs"))
}

func runClient(t *testing.T, h *hub, v vars, env []string, program string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("the clients are not installed (%v): run test/env/setup", err)
	}
	stdin, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	cmd := exec.Command(program, args...)
	cmd.Dir = home
	cmd.Stdin = bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Env = append(cleanEnv(),
		"HOME="+home,
		"HF_HOME="+filepath.Join(home, "hf"),
		"HF_ENDPOINT="+h.url,
		"HF_HUB_DISABLE_PROGRESS_BARS=1",
		"HF_HUB_DISABLE_UPDATE_CHECK=1",
		"HF_XET_CACHE="+filepath.Join(home, "xet"),
		"AMBIT_TEST_NPM="+filepath.Join(root, "test/env/npm"),
		"PATH="+filepath.Join(root, ".testenv/venv/bin")+string(os.PathListSeparator)+os.Getenv("PATH"),
		"NO_COLOR=1",
	)
	cmd.Env = append(cmd.Env, env...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", filepath.Base(args[0]), err, &out, &errs)
	}
	return out.String()
}
