package configs

import (
	"fmt"
	"regexp"
	"strings"
)

// variable matches ${NAME}. A lone dollar is a dollar.
var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand replaces ${NAME} in every value by the variable's content.
func expand(n *node, path string, env func(string) (string, bool), out *report) {
	switch n.shape {
	case scalar:
		expandText(n, path, env, out)
	case list:
		for i, item := range n.items {
			expand(item, fmt.Sprintf("%s[%d]", path, i), env, out)
		}
	case mapping:
		for _, e := range n.entries {
			expand(e.value, under(path, keyShown(e.key)), env, out)
		}
	case empty:
	}
}

func expandText(n *node, path string, env func(string) (string, bool), out *report) {
	if !strings.Contains(n.text, "${") {
		return
	}
	if strings.Contains(variable.ReplaceAllLiteralString(n.text, ""), "${") {
		out.unreadable(path, "holds ${ without a variable's name and }: write ${NAME}, or put the value into a file and give KEY_file")
		n.unread = true
		return
	}
	n.text = variable.ReplaceAllStringFunc(n.text, func(match string) string {
		name := match[2 : len(match)-1]
		value, ok := env(name)
		if !ok && !n.unread {
			out.unreadable(path, "the environment variable "+name+" is not set: set it, or write the value here")
			n.unread = true
		}
		return value
	})
}
