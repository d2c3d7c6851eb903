package meta

import "github.com/ambit-hub/ambit/internal/hub"

// isVisible is hub.Visible as a condition on repos r; its values are those of visibleArgs.
const isVisible = `
	(? = 1 OR r.visibility = 'public'
		OR (((r.group_id = '' AND r.namespace_id IN_LIST(?))
				OR (r.group_id <> '' AND (r.group_id IN_LIST(?) OR (r.namespace_id IN_LIST(?) AND NOT (r.group_id IN_LIST(?))))))
			AND NOT (r.id IN_LIST(?)))
		OR r.id IN_LIST(?))`

func visibleArgs(v hub.Visible) []any {
	return []any{v.Everything, list(v.Namespaces), list(v.Groups), list(v.AllGroups), list(v.ExceptGroups),
		list(v.Except), list(v.Repos)}
}
