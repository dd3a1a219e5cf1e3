package cliniko

import (
	"bytes"
	"encoding/json"
	"net/url"
	"path"
	"strings"
	"time"

	"bellman/gateway"
)

// scalar is one value of a record as it stood there, kept until it is known what
// it ought to be: ids are strings today and were numbers once, and what is empty is
// null today and was "" once. It is kept on the shelf as it came.
type scalar struct{ raw json.RawMessage }

// UnmarshalJSON keeps the value.
func (s *scalar) UnmarshalJSON(b []byte) error {
	s.raw = bytes.Clone(b)
	return nil
}

// MarshalJSON gives it back.
func (s scalar) MarshalJSON() ([]byte, error) {
	if len(s.raw) == 0 {
		return []byte("null"), nil
	}
	return s.raw, nil
}

// IsZero reports whether the record did not have the field at all.
func (s scalar) IsZero() bool { return len(s.raw) == 0 }

// empty reports whether the field says nothing: it is missing, null or blank.
func (s scalar) empty() bool {
	text, ok := s.text()
	return ok && text == ""
}

// text gives a string without the spaces around it; a number as it was written;
// null and a missing field as "". It reports false for anything else.
func (s scalar) text() (string, bool) {
	switch {
	case len(s.raw) == 0 || string(s.raw) == "null":
		return "", true
	case s.raw[0] == '"':
		var text string
		if json.Unmarshal(s.raw, &text) != nil {
			return "", false
		}
		return strings.TrimSpace(text), true
	case s.raw[0] == '-' || s.raw[0] >= '0' && s.raw[0] <= '9':
		return string(s.raw), true
	}
	return "", false
}

// digits reports whether the value is a bare number, which has lost its leading zeros.
func (s scalar) digits() bool {
	return len(s.raw) > 0 && s.raw[0] != '"' && string(s.raw) != "null"
}

// truth reads a mark: true and false are told, null and "" say no. A missing field
// and any other value are unclear.
func (s scalar) truth() gateway.Flag {
	switch {
	case string(s.raw) == "true":
		return gateway.FlagYes
	case string(s.raw) == "false", !s.IsZero() && s.empty():
		return gateway.FlagNo
	}
	return gateway.FlagUnclear
}

// happened reads a field that holds when something was done, and nothing while it
// was not. Only a text counts as a time; false is no.
func (s scalar) happened() gateway.Flag {
	text, ok := s.text()
	switch {
	case ok && text == "", string(s.raw) == "false":
		return gateway.FlagNo
	case ok:
		return gateway.FlagYes
	}
	return gateway.FlagUnclear
}

// id reads an id: 1 to 20 digits, as they stand. A number would lose its last
// digits in a float, so it never becomes one.
func (s scalar) id() (string, bool) {
	text, _ := s.text()
	return text, isID(text)
}

func isID(text string) bool {
	if text == "" || len(text) > 20 || text[0] == '0' {
		return false
	}
	for _, r := range text {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// when reads a moment in whole seconds. Cliniko writes UTC; another offset is
// understood, none is not.
func (s scalar) when() (time.Time, bool) {
	text, _ := s.text()
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Year() < 2000 || t.Year() > 2200 {
		return time.Time{}, false
	}
	return t.UTC().Truncate(time.Second), true
}

// link is how a record names another: by its address.
type link struct {
	Links struct {
		Self scalar `json:"self,omitzero"`
	} `json:"links,omitzero"`
}

// id gives the last part of the address.
func (l link) id() (string, bool) {
	text, _ := l.Links.Self.text()
	u, err := url.Parse(text)
	if err != nil || text == "" {
		return "", false
	}
	id := path.Base(u.Path)
	return id, isID(id)
}
