package fhirshape

import (
	"bytes"
	"encoding/json"
)

// Loose decodes a value that may have drifted from the standard. It never fails
// the record around it; Bad says that something stood there that we do not
// understand, so that the reader can choose the safe side.
type Loose[T any] struct {
	Value T
	Bad   bool
}

// UnmarshalJSON never returns an error.
func (l *Loose[T]) UnmarshalJSON(b []byte) error {
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		l.Bad = true
		return nil
	}
	l.Value = v
	return nil
}

// One decodes an element that stands once. A list of one says the same, and an
// empty one nothing; a longer list is Bad.
type One[T any] struct{ Loose[T] }

// UnmarshalJSON never returns an error.
func (o *One[T]) UnmarshalJSON(b []byte) error {
	if !isList(b) {
		return o.Loose.UnmarshalJSON(b)
	}
	list, err := parts(b)
	switch {
	case err != nil || len(list) > 1:
		o.Bad = true
	case len(list) == 1:
		return o.Loose.UnmarshalJSON(list[0])
	}
	return nil
}

// Many decodes a list of objects. A single object says the same as a list of one;
// a null in a list stands for nothing. Each item can be Bad by itself; Bad of the
// whole means that there is neither a list nor an object.
type Many[T any] struct {
	Items []Loose[T]
	Bad   bool
}

// UnmarshalJSON never returns an error.
func (m *Many[T]) UnmarshalJSON(b []byte) error {
	*m = Many[T]{}
	list := []json.RawMessage{b}
	switch {
	case isList(b):
		var err error
		if list, err = parts(b); err != nil {
			m.Bad = true
			return nil
		}
	case !Said(b):
		return nil
	case !isObject(b):
		m.Bad = true
		return nil
	}
	for _, raw := range list {
		var item Loose[T]
		_ = item.UnmarshalJSON(raw)
		m.Items = append(m.Items, item)
	}
	return nil
}

// Whole reports whether everything in the list could be read.
func (m Many[T]) Whole() bool {
	for _, i := range m.Items {
		if i.Bad {
			return false
		}
	}
	return !m.Bad
}

// Word decodes a short text that some systems write as a whole number: an id, a
// version, a code. A fraction, a power, a truth value or anything composed is Bad.
type Word struct {
	Value string
	Bad   bool
}

// UnmarshalJSON never returns an error.
func (w *Word) UnmarshalJSON(b []byte) error {
	*w = Word{}
	switch {
	case !Said(b):
	case b[0] == '"':
		w.Bad = json.Unmarshal(b, &w.Value) != nil
	case len(bytes.Trim(b, "0123456789")) == 0:
		w.Value = string(b)
	default:
		w.Bad = true
	}
	return nil
}

// Said reports whether there is anything but null.
func Said(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

func isList(b []byte) bool   { return len(b) > 0 && b[0] == '[' }
func isObject(b []byte) bool { return len(b) > 0 && b[0] == '{' }

// parts takes a list apart and leaves out what is null.
func parts(b []byte) ([]json.RawMessage, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, err
	}
	out := list[:0]
	for _, raw := range list {
		if Said(raw) {
			out = append(out, raw)
		}
	}
	return out, nil
}
