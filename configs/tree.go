package configs

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// shape is the kind of a node.
type shape uint8

const (
	empty  shape = iota // nothing was written, or null
	scalar              // words, a number, a truth: as written, whatever YAML takes it for
	list
	mapping
)

// node is a piece of the file. Scalars keep the letters that were written, so
// that +447700900001 keeps its plus and 01632 its nought.
type node struct {
	shape   shape
	text    string
	items   []*node
	entries []entry
	unread  bool // a fault was reported; nobody looks at it again
}

type entry struct {
	key   string
	line  int
	value *node
}

// get gives the value of a key, nil when it is not there.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for _, e := range n.entries {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// parseTree reads YAML. The parser's own messages quote the file, so they are
// replaced by the place.
func parseTree(b []byte, out *report) *node {
	if !utf8.Valid(b) {
		out.unreadable("", "the file is not UTF-8 text: save it as UTF-8")
		return &node{}
	}
	file, err := parseSafely(b)
	if err != nil {
		out.unreadable("", placeOf(err)+"this is not well-formed YAML: look for a missing quote, a tab, or wrong indentation")
		return &node{}
	}
	var bodies []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil {
			bodies = append(bodies, d.Body)
		}
	}
	switch len(bodies) {
	case 0:
		out.unreadable("", "the file is empty: begin with configs/bellman.example.yaml")
		return &node{}
	case 1:
		return convert(bodies[0], "", out)
	}
	out.unreadable("", "the file holds several documents: remove the --- lines")
	return &node{}
}

// parseSafely turns a panic of the parser into an error: a broken file is the
// operator's mistake and never ours to die of.
func parseSafely(b []byte) (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			file, err = nil, errors.New("parser gave up")
		}
	}()
	return parser.ParseBytes(b, 0, parser.AllowDuplicateMapKey())
}

func placeOf(err error) string {
	syntax, ok := errors.AsType[*yaml.SyntaxError](err)
	if ok && syntax.GetToken() != nil && syntax.GetToken().Position != nil {
		at := syntax.GetToken().Position
		return fmt.Sprintf("line %d, column %d: ", at.Line, at.Column)
	}
	return ""
}

func convert(n ast.Node, path string, out *report) *node {
	switch v := n.(type) {
	case nil, *ast.NullNode:
		return &node{}
	case *ast.StringNode:
		return &node{shape: scalar, text: v.Value}
	case *ast.LiteralNode:
		return &node{shape: scalar, text: v.Value.Value}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return &node{shape: scalar, text: v.GetToken().Value}
	case *ast.SequenceNode:
		made := &node{shape: list}
		for i, item := range v.Values {
			made.items = append(made.items, convert(item, fmt.Sprintf("%s[%d]", path, i), out))
		}
		return made
	case *ast.MappingNode:
		return convertMapping(v.Values, path, out)
	case *ast.MappingValueNode:
		return convertMapping([]*ast.MappingValueNode{v}, path, out)
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		out.unreadable(path, "anchors (&), aliases (*) and tags (!) are not used here: write the value out, in quotes if it begins so")
		return &node{unread: true}
	}
	out.unreadable(path, "this kind of YAML is not used here: write a plain value, a list or keys")
	return &node{unread: true}
}

func convertMapping(values []*ast.MappingValueNode, path string, out *report) *node {
	made := &node{shape: mapping}
	for _, kv := range values {
		line := kv.Key.GetToken().Position.Line
		key, ok := keyOf(kv.Key)
		if !ok {
			out.extra(path, fmt.Sprintf("line %d holds a key that is not a plain word: check quotes and colons there", line))
			continue
		}
		at := under(path, keyShown(key))
		if made.get(key) != nil {
			out.extra(at, fmt.Sprintf("is given twice (again on line %d): keep one", line))
			continue
		}
		made.entries = append(made.entries, entry{key: key, line: line, value: convert(kv.Value, at, out)})
	}
	return made
}

func keyOf(k ast.MapKeyNode) (string, bool) {
	switch v := k.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.IntegerNode, *ast.BoolNode, *ast.FloatNode, *ast.NullNode:
		return v.GetToken().Value, true
	}
	return "", false
}

// keyShown gives a key as it may stand in a message. A key is shown only when it
// looks like one of ours; a password that slipped into a key's place does not.
func keyShown(key string) string {
	if len(key) > 30 || key == "" {
		return "(a key)"
	}
	digits := 0
	for _, r := range key {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_', r == '-':
		case r >= '0' && r <= '9':
			digits++
		default:
			return "(a key)"
		}
	}
	if digits > 2 || strings.Trim(key, "_-0123456789") == "" {
		return "(a key)"
	}
	return key
}
