package configs

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"bellman/gateway"
)

// binder puts a tree into a struct with yaml tags. Unlike a YAML decoder it goes
// on after a mistake, names the path of each, and never quotes a value.
type binder struct {
	out   *report
	files files
	// section is set in an adapter's section: every KEY may come from KEY_file,
	// and its own paths are made absolute. Elsewhere only secrets come from files.
	section bool
}

// later marks a part that is bound in a second step.
type later struct {
	node *node
	path string
}

func bindInto(into any, n *node, path string, b binder) {
	b.bind(n, path, reflect.ValueOf(into).Elem())
}

// bind puts a node into a value. Nothing written leaves the value as it is.
func (b binder) bind(n *node, path string, v reflect.Value) {
	switch {
	case n.unread:
		return
	case v.Type() == reflect.TypeFor[later]():
		v.Set(reflect.ValueOf(later{node: n, path: path}))
		return
	case n.shape == empty:
		return
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		b.bind(n, path, v.Elem())
		return
	}
	if isScalar(v) {
		b.bindScalar(n, path, v)
		return
	}
	if w, ok := v.Addr().Interface().(word); ok && n.shape == scalar {
		if err := w.FromWord(n.text); err != nil {
			b.out.unreadable(path, err.Error())
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		b.bindStruct(n, path, v)
	case reflect.Slice:
		b.bindList(n, path, v)
	case reflect.Map:
		b.bindMap(n, path, v)
	default:
		b.out.unreadable(path, "cannot be set in the configuration: remove it")
	}
}

// word is a section of keys that may also be written as one plain word, such as
// `auth: none`. The error says what to write, and not what stood there.
type word interface{ FromWord(text string) error }

func isScalar(v reflect.Value) bool {
	if _, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return true
	}
	if _, ok := v.Addr().Interface().(setter); ok {
		return true
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Slice, reflect.Map:
		return false
	default:
		return true
	}
}

func (b binder) bindScalar(n *node, path string, v reflect.Value) {
	if n.shape != scalar {
		b.out.unreadable(path, "must be one plain value, not a list or keys")
		return
	}
	if problem := setScalar(v, n.text); problem != "" {
		b.out.unreadable(path, problem)
	}
}

func (b binder) bindList(n *node, path string, v reflect.Value) {
	if n.shape != list {
		b.out.unreadable(path, "must be a list: write [one, two], or one entry a line with a dash before it")
		return
	}
	made := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		b.bind(item, fmt.Sprintf("%s[%d]", path, i), made.Index(i))
	}
	v.Set(made)
}

func (b binder) bindMap(n *node, path string, v reflect.Value) {
	if n.shape != mapping || v.Type().Key().Kind() != reflect.String {
		b.out.unreadable(path, "must be keys with values")
		return
	}
	made := reflect.MakeMap(v.Type())
	for _, e := range n.entries {
		value := reflect.New(v.Type().Elem()).Elem()
		written := e.value
		if value.Kind() == reflect.Slice && written.shape == scalar {
			written = &node{shape: list, items: []*node{written}} // one value of several possible
		}
		b.bind(written, under(path, keyShown(e.key)), value)
		made.SetMapIndex(reflect.ValueOf(e.key).Convert(v.Type().Key()), value)
	}
	v.Set(made)
}

func (b binder) bindStruct(n *node, path string, v reflect.Value) {
	if n.shape != mapping {
		b.out.unreadable(path, "must be keys with values, each on its own line or within { }")
		return
	}
	fields := fieldsOf(v)
	for _, e := range n.entries {
		b.bindKey(n, e, path, fields)
	}
}

func (b binder) bindKey(n *node, e entry, path string, fields map[string]reflect.Value) {
	at := under(path, keyShown(e.key))
	if field, ok := fields[e.key]; ok {
		b.bind(e.value, at, field)
		if b.section && isPath(e.key) && field.Kind() == reflect.String {
			field.SetString(absolute(b.files.dir, field.String()))
		}
		return
	}
	base, fromFile := strings.CutSuffix(e.key, "_file")
	if field, ok := fields[base]; fromFile && ok && (b.section && isScalar(field) || isSecret(field)) {
		b.bindFile(n, e, at, under(path, base), field)
		return
	}
	problem := "is not a key that is known here: remove it"
	if near := nearest(e.key, fields); near != "" {
		problem = "is not a key that is known here: did you mean " + near + "?"
		b.out.silence(under(path, near))
	}
	b.out.extra(at, problem)
}

// bindFile reads KEY_file for KEY. A fault leaves KEY unknown, not missing.
func (b binder) bindFile(n *node, e entry, at, key string, field reflect.Value) {
	switch value := e.value; {
	case value.unread:
		b.out.silence(key)
	case value.shape == empty:
		return
	case value.shape != scalar:
		b.out.unreadable(at, "must be the path of a file")
		b.out.silence(key)
	case n.get(strings.TrimSuffix(e.key, "_file")) != nil:
		b.out.unreadable(at, "the value is given both here and directly: keep one")
		b.out.silence(key)
	default:
		text, problem := b.files.read(value.text)
		if problem == "" {
			problem = setScalar(field, text)
		}
		if problem != "" {
			b.out.unreadable(at, problem)
			b.out.silence(key)
		}
	}
}

func isSecret(v reflect.Value) bool { return v.Type() == reflect.TypeFor[gateway.Secret]() }

// isPath says whether a key of an adapter's section holds a path.
func isPath(key string) bool {
	return key == "dir" || key == "path" || key == "file" || strings.HasSuffix(key, "_file") || strings.HasSuffix(key, "_dir")
}

// fieldsOf lists the settable fields of a struct by their keys.
func fieldsOf(v reflect.Value) map[string]reflect.Value {
	out := map[string]reflect.Value{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		inline := slices.Contains(strings.Split(options, ","), "inline")
		switch {
		case !field.IsExported() || name == "-":
		case inline && field.Type.Kind() == reflect.Struct:
			for key, inner := range fieldsOf(v.Field(i)) {
				out[key] = inner
			}
		case name == "":
			out[strings.ToLower(field.Name)] = v.Field(i)
		default:
			out[name] = v.Field(i)
		}
	}
	return out
}
