package message

import "iter"

// Field is one field of a segment, which may be repeated. The zero Field is empty.
type Field struct {
	m   *Message
	raw []byte
}

// Part is one repetition of a field, a component of one, or a subcomponent.
type Part struct {
	m     *Message
	raw   []byte
	depth byte // of its own parts: 0 are components, 1 subcomponents, 2 none
}

// IsEmpty reports whether nothing was sent, which means: no change.
func (f Field) IsEmpty() bool { return len(f.raw) == 0 }

// IsNull reports whether the field is the two quotation marks that delete a value.
func (f Field) IsNull() bool { return string(f.raw) == `""` }

// Raw gives the field as it stands.
func (f Field) Raw() []byte { return f.raw }

// Part gives the first repetition.
func (f Field) Part() Part {
	for p := range f.Repetitions() {
		return p
	}
	return Part{}
}

// Repetitions gives the field's repetitions, in order, empty ones too. An empty
// field has none.
func (f Field) Repetitions() iter.Seq[Part] {
	return func(yield func(Part) bool) {
		if f.m == nil || len(f.raw) == 0 {
			return
		}
		sep := f.m.delimiters.Repetition
		for rest := f.raw; ; {
			one := rest
			if sep != 0 {
				one, rest = cut(rest, sep)
			} else {
				rest = nil
			}
			if !yield(Part{f.m, one, 0}) || rest == nil {
				return
			}
		}
	}
}

// Part gives a component of a repetition, or a subcomponent of a component, by its
// number from 1. What is not there is empty. Where the sender has no deeper parts,
// the first is the whole.
func (p Part) Part(n int) Part {
	if p.m == nil || n < 1 {
		return Part{}
	}
	var sep byte
	switch p.depth {
	case 0:
		sep = p.m.delimiters.Component
	case 1:
		sep = p.m.delimiters.Subcomponent
	}
	if sep == 0 {
		if n > 1 {
			return Part{}
		}
		return Part{p.m, p.raw, p.depth + 1}
	}
	rest := p.raw
	for ; n > 1 && rest != nil; n-- {
		_, rest = cut(rest, sep)
	}
	one, _ := cut(rest, sep)
	return Part{p.m, one, p.depth + 1}
}

// IsEmpty reports whether nothing stands there.
func (p Part) IsEmpty() bool { return len(p.raw) == 0 }

// IsNull reports whether the two quotation marks stand there that delete a value.
func (p Part) IsNull() bool { return string(p.raw) == `""` }

// Text gives the value as it was meant: escapes undone, in Unicode.
func (p Part) Text() string {
	if p.m == nil || len(p.raw) == 0 {
		return ""
	}
	return p.m.charset.decode(unescape(p.raw, p.m.delimiters))
}
