package store

import (
	"slices"
	"time"

	"bellman/gateway"
)

// place is one number at one start.
type place struct {
	start int64 // seconds
	tag   [12]byte
}

// neighbours finds the appointments that share a number and a start. It is made
// once for a diary, and only when somebody asks.
type neighbours struct {
	first map[place]gateway.Ref
	more  map[place][]gateway.Ref // where there are several
}

func neighboursOf(heads map[gateway.Ref]gateway.Head) *neighbours {
	n := &neighbours{first: make(map[place]gateway.Ref, len(heads)), more: map[place][]gateway.Ref{}}
	for ref, h := range heads {
		at := place{h.Start.Unix(), h.Tag}
		one, taken := n.first[at]
		switch {
		case !taken:
			n.first[at] = ref
		case n.more[at] == nil:
			n.more[at] = []gateway.Ref{one, ref}
		default:
			n.more[at] = append(n.more[at], ref)
		}
	}
	return n
}

// Beside gives the other appointments that were known for the same number at the
// same start when the diary was read.
func (d *diary) Beside(ref gateway.Ref, start time.Time, n gateway.Phone) []gateway.Ref {
	if n.IsZero() || len(d.heads) == 0 {
		return nil
	}
	if d.beside == nil {
		d.beside = neighboursOf(d.heads)
	}
	at := place{start: start.Unix()}
	if h, ok := d.heads[ref]; ok && h.Start.Equal(start) {
		if len(d.beside.more) == 0 {
			return nil
		}
		at.tag = h.Tag // a hash less for each that is known
	} else {
		at.tag = d.key.tag(n)
	}
	all := d.beside.more[at]
	if one, ok := d.beside.first[at]; ok && all == nil {
		all = []gateway.Ref{one}
	}
	return slices.DeleteFunc(slices.Clone(all), func(r gateway.Ref) bool { return r == ref })
}

// Of gives every appointment that was known for a number when the diary was read.
func (d *diary) Of(n gateway.Phone) []gateway.Ref {
	if n.IsZero() {
		return nil
	}
	tag, out := d.key.tag(n), []gateway.Ref(nil)
	for ref, h := range d.heads {
		if h.Tag == tag {
			out = append(out, ref)
		}
	}
	return out
}
