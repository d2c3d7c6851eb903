package compat

import "testing"

// Large files are taken out of a history by the official client, those that came by Xet and those that came by LFS.
func TestPurge(t *testing.T) {
	h := theHub(t)
	bob := h.as(h.plain(t, "bob", "write"))
	for repo, env := range map[string]string{"acme/purged-xet": "HF_HUB_DISABLE_XET=0", "acme/purged-lfs": "HF_HUB_DISABLE_XET=1"} {
		t.Run(env, func(t *testing.T) {
			t.Parallel()
			bob.createRepo(t, repo, true)
			python(t, h, "purge", vars{"repo": repo, "writer": h.plain(t, "bob", "write"), "reader": h.plain(t, "carol", "read")}, env)
		})
	}
}
