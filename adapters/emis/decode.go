package emis

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// What may be wrong with a whole answer. Each means that nothing was learnt: a
// half-read list would look like patients who are no longer booked. None says
// what stood there.
var (
	errNotJSON       = errors.New("the answer is not whole, well-formed JSON")
	errNotXML        = errors.New("the answer is not whole, well-formed XML")
	errNotRecognised = errors.New("the answer is not the list that was asked for")
)

// decode reads an answer in the configured format into rows.
func decode[T any](format string, body []byte, l layout) ([]row[T], error) {
	read := decodeXML[T]
	if format == FormatJSON {
		read = decodeJSON[T]
	}
	rows, err := read(body, l)
	if err != nil {
		return nil, fmt.Errorf("read the %s: %w", l.name, err)
	}
	return rows, nil
}

func decodeJSON[T any](body []byte, l layout) ([]row[T], error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(body, utf8Mark), &fields); err != nil {
		return nil, errNotJSON
	}
	if !recognised(fields, l) {
		return nil, errNotRecognised
	}
	var raw []json.RawMessage
	list, there := field(fields, l.list)
	switch {
	case there && l.rows == single:
		raw = []json.RawMessage{list}
	case there:
		if err := json.Unmarshal(list, &raw); err != nil {
			return nil, errNotRecognised
		}
	}
	rows := make([]row[T], len(raw))
	for i, r := range raw {
		// A null row carries nothing, which is not the same as an empty one.
		rows[i].ok = json.Unmarshal(r, &rows[i].value) == nil && !bytes.Equal(r, []byte("null"))
	}
	return rows, nil
}

// utf8Mark is the byte order mark that some servers put before UTF-8.
var utf8Mark = []byte("\xef\xbb\xbf")

// recognised reports whether an answer has any of the keys of its kind. Without
// one it is something else, such as an error told with status 200, and must not
// pass for an empty list.
func recognised(fields map[string]json.RawMessage, l layout) bool {
	for _, k := range l.keys {
		if _, ok := field(fields, k); ok {
			return true
		}
	}
	return false
}

func field(fields map[string]json.RawMessage, name string) (json.RawMessage, bool) {
	if v, ok := fields[name]; ok {
		return v, true
	}
	for k, v := range fields {
		if strings.EqualFold(k, name) {
			return v, true
		}
	}
	return nil, false
}

// decodeXML reads by local names only, since neither root nor namespace of the
// second version's answers is published. Every element where rows stand is a row
// whatever its name, so that a list in another spelling shows up as unreadable
// rows and never as an empty list.
func decodeXML[T any](body []byte, l layout) ([]row[T], error) {
	x := &xmlRows[T]{d: xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, utf8Mark))), layout: l}
	root, err := x.root()
	if err != nil {
		return nil, errNotXML
	}
	known := strings.HasPrefix(strings.ToLower(root), strings.ToLower(l.root))
	for {
		start, err := x.child()
		if err != nil {
			return nil, errNotXML
		}
		if start == nil {
			break
		}
		known = known || x.isKey(start.Name.Local)
		if err := x.take(start); err != nil {
			return nil, errNotXML
		}
	}
	if err := x.end(); err != nil {
		return nil, errNotXML
	}
	if !known {
		return nil, errNotRecognised
	}
	return x.rows, nil
}

// xmlRows collects rows while walking an XML answer.
type xmlRows[T any] struct {
	d      *xml.Decoder
	layout layout
	rows   []row[T]
}

func (x *xmlRows[T]) isKey(local string) bool {
	for _, k := range x.layout.keys {
		if strings.EqualFold(k, local) {
			return true
		}
	}
	return false
}

// root passes the prologue and gives the local name of the root.
func (x *xmlRows[T]) root() (string, error) {
	for {
		t, err := x.d.Token()
		if err != nil {
			return "", err
		}
		switch e := t.(type) {
		case xml.StartElement:
			return e.Name.Local, nil
		case xml.CharData:
			if len(bytes.TrimSpace(e)) > 0 {
				return "", errNotXML
			}
		}
	}
}

// child gives the next element inside the current one, nil at its end.
func (x *xmlRows[T]) child() (*xml.StartElement, error) {
	for {
		t, err := x.d.Token()
		if err != nil {
			return nil, err
		}
		switch e := t.(type) {
		case xml.StartElement:
			return &e, nil
		case xml.EndElement:
			return nil, nil
		}
	}
}

// take reads one child of the root: a row, the list of rows, or something else.
func (x *xmlRows[T]) take(start *xml.StartElement) error {
	named := strings.EqualFold(start.Name.Local, x.layout.list)
	switch {
	case x.layout.rows == inRoot, x.layout.rows == single && named:
		return x.row(start)
	case !named:
		return x.d.Skip()
	}
	for {
		start, err := x.child()
		if err != nil || start == nil {
			return err
		}
		if err := x.row(start); err != nil {
			return err
		}
	}
}

func (x *xmlRows[T]) row(start *xml.StartElement) error {
	r := row[T]{ok: true}
	if err := x.d.DecodeElement(&r.value, start); err != nil {
		return err
	}
	x.rows = append(x.rows, r)
	return nil
}

// end makes sure that nothing but space and comments follows the root.
func (x *xmlRows[T]) end() error {
	for {
		t, err := x.d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch e := t.(type) {
		case xml.StartElement:
			return errNotXML
		case xml.CharData:
			if len(bytes.TrimSpace(e)) > 0 {
				return errNotXML
			}
		}
	}
}
