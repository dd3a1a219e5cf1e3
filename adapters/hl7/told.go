package hl7

import "slices"

// told is one thing that is known, and when its sender said so. The zero told is
// not known.
type told[T any] struct {
	At int64 `json:"a,omitempty"` // microseconds since 1970, by the sender's clock
	Is T     `json:"v"`
}

// tell takes in what was said at a time. What was said earlier than what is known
// counts for nothing; of two things said at one time, the later to come counts.
func (t *told[T]) tell(at int64, is T) {
	if at >= t.At {
		t.At, t.Is = at, is
	}
}

func (t told[T]) known() bool { return t.At != 0 }

// maxMarks is how many messages a record remembers. A second copy of an older one
// is known by its time.
const maxMarks = 8

// once reports whether a message is new to a record, and remembers it.
func once(marks *[]string, mark string) bool {
	if slices.Contains(*marks, mark) {
		return false
	}
	*marks = append(*marks, mark)
	if n := len(*marks) - maxMarks; n > 0 {
		*marks = slices.Delete(*marks, 0, n)
	}
	return true
}
