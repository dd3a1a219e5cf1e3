package inbox

import (
	"context"
	"slices"
	"time"

	"bellman/gateway"
)

// strays are the texts of a practice's list that went to other numbers than those
// of the appointments they speak of. After a loss nobody knows any more which number
// a text went to: where the patient's was changed since, the list of the new one is
// silent, and the text is among these.
type strays struct {
	texts map[int64][]sentTo // by the start that they name
	mute  []time.Time        // when those were made that name none, to numbers that nobody has
	known map[int64][]owner  // the appointments at a start
}

type sentTo struct {
	created time.Time
	tag     [12]byte // stands for the number
}

type owner struct {
	ref gateway.Ref
	tag [12]byte
}

// straysOf sorts a practice's list for it.
func (in *Inbox) straysOf(ctx context.Context, p gateway.Practice, byNumber map[gateway.Phone][]gateway.Listed) (strays, error) {
	s := strays{texts: map[int64][]sentTo{}, known: map[int64][]owner{}}
	d, err := in.o.Memory.Known(ctx, p.ODS)
	if err != nil {
		return s, err
	}
	someones := map[[12]byte]bool{}
	for ref, h := range d.Heads() {
		s.known[h.Start.Unix()] = append(s.known[h.Start.Unix()], owner{ref, h.Tag})
		someones[h.Tag] = true
	}
	answers := in.o.Answers.all(p)
	for number, texts := range byNumber {
		tag, err := in.o.Memory.NumberTag(ctx, p.ODS, number)
		if err != nil {
			return s, err
		}
		for _, l := range texts {
			if l.Inbound || l.Answer || slices.Contains(answers, l.Text) {
				continue
			}
			if start, names := in.o.Start(l.Text, l.Created); names {
				s.texts[start.Unix()] = append(s.texts[start.Unix()], sentTo{l.Created, tag})
			} else if !someones[tag] {
				s.mute = append(s.mute, l.Created)
			}
		}
	}
	return s, nil
}

// mayHold reports whether a reminder whose number, which tag stands for, got no text
// may be among the strays: one names its start, and went to a number that no other
// appointment of that start has, or went there more often than such appointments
// explain; or nobody can read it, and nobody has its number.
func (s strays) mayHold(p gateway.Practice, id gateway.ReminderID, tag [12]byte) bool {
	from, next := window(p, id)
	from = from.Add(-lookBack)
	if slices.ContainsFunc(s.mute, func(at time.Time) bool { return !at.Before(from) }) {
		return true
	}
	room := map[[12]byte]int{}
	others := map[[12]byte]bool{}
	for _, o := range s.known[id.Start.Unix()] {
		if o.ref != id.Ref {
			room[o.tag]++
			others[o.tag] = true
		}
	}
	for _, x := range s.texts[id.Start.Unix()] {
		if x.tag == tag || x.created.Before(from) {
			continue
		}
		if !others[x.tag] {
			return true
		}
		if next.IsZero() || x.created.Before(next.Add(-lookBack)) {
			room[x.tag]--
		}
		if room[x.tag] < 0 {
			return true
		}
	}
	return false
}
