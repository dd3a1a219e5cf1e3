package message

import (
	"errors"
	"strconv"
	"strings"
)

// Path names a place in a message as people write it: "SCH-11.4" is the fourth
// component of the eleventh field of the segment SCH, "PV1-3.4.2" a subcomponent,
// "PID-13" a whole field. Zero numbers mean: the whole.
type Path struct {
	Segment                   string
	Field, Component, Subcomp int
}

var errPath = errors.New("is no place in a message: write it as SCH-2, SCH-11.4 or PV1-3.4.2")

// ParsePath reads a path. The error does not repeat what stood there.
func ParsePath(s string) (Path, error) {
	name, numbers, ok := strings.Cut(s, "-")
	if !ok || len(name) != 3 || !isSegment([]byte(name), '|') {
		return Path{}, errPath
	}
	p := Path{Segment: name}
	parts := strings.Split(numbers, ".")
	if len(parts) > 3 {
		return Path{}, errPath
	}
	for i, to := range []*int{&p.Field, &p.Component, &p.Subcomp}[:len(parts)] {
		n, err := strconv.Atoi(parts[i])
		if err != nil || n < 1 || n > 999 {
			return Path{}, errPath
		}
		*to = n
	}
	return p, nil
}

// At gives what stands at a path of a segment, in the first repetition.
func (s Segment) At(p Path) Part { return s.Field(p.Field).Part().within(p) }

// At gives what stands at a path, in the first segment of its name and the first
// repetition of its field.
func (m *Message) At(p Path) Part {
	s, _ := m.Segment(p.Segment)
	return s.At(p)
}

// within goes down from a repetition to the component and subcomponent of a path.
func (p Part) within(to Path) Part {
	if to.Component > 0 {
		p = p.Part(to.Component)
	}
	if to.Subcomp > 0 {
		p = p.Part(to.Subcomp)
	}
	return p
}
