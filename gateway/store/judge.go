package store

import (
	"encoding/binary"
	"time"

	"bellman/gateway"
)

// sight is everything that the books say of one reminder of a present plan.
type sight struct {
	id      gateway.ReminderID
	record  string
	damaged bool // the record cannot be opened
	stray   bool // it belongs to no present plan
	entry   string
	has     bool // there is an entry
	due     bool // it is in the queue
	lease   bool // somebody is working on it
	texted  bool // the last text that went to its number was this one
	sendAt  time.Time
	told    testimony
}

// cure is what is to be changed about a reminder. "" leaves a thing as it is, "-"
// takes it away.
type cure struct {
	flaw       gateway.Flaw // "" when nothing is wrong
	remedy     gateway.Remedy
	entry      string
	due, lease string // scores in ms
	line       string // for the story
}

// The spans of balancing.
const (
	// notYet is how far ahead a reminder's time must be for it to be certain that
	// it has not left: clocks of replicas differ.
	notYet = 10 * time.Minute
	// takenUp is when work whose lease was lost is taken up: longer than any lease
	// of a living sender.
	takenUp = 2 * time.Minute
	// storyRoom is the length after which a story takes no more lines.
	storyRoom = 16000
)

// judge says what is wrong with a reminder of an appointment still to come, and
// how to put it right. It is pure.
//
// A reminder waits only if the queue has it; is being worked on only if it is
// leased; is at its end only if the queue does not have it; and what left once
// never waits again. Where these disagree, what left is never queued again. Where
// nothing says whether it left, and its time has come, it is of unknown fate and
// the provider's own list decides.
func (v *sight) judge(now time.Time) cure {
	st, readable := parseReminder(v.entry)
	if !v.has || !readable {
		return v.lacking(now, !v.has, false)
	}
	left := v.left()
	switch st.State {
	case gateway.Accepted, gateway.Delivered, gateway.Undelivered, gateway.Refused, gateway.Failed:
		switch {
		case v.due && left:
			return cure{flaw: gateway.EntryDisputed, remedy: gateway.Restored, due: "-"}
		case v.due:
			return v.unsure(gateway.EntryDisputed, now)
		}
		return cure{}
	case gateway.Unknown:
		if st.At.After(now.Add(notYet)) {
			return v.unsure(gateway.EntryDamaged, now)
		}
		return cure{}
	case gateway.Claimed, gateway.Sending:
		switch {
		case left:
		case st.State == gateway.Claimed && st.Code != 0: // only what is leaving carries a mark there
			return v.unsure(gateway.EntryDamaged, now)
		case !v.lease:
			return cure{flaw: gateway.LeaseLost, remedy: gateway.Restored, lease: millis(now.Add(takenUp))}
		default:
			return cure{}
		}
	case gateway.Withdrawn:
		if !left && (withholds(st.Reason) || v.told.lastly(gateway.Withdrawn)) {
			return cure{}
		}
	case gateway.Queued, gateway.Held:
		switch {
		case left:
		case v.due:
			return cure{}
		case !v.lease && v.told.lastly(st.State):
			return v.again(gateway.DueLost, "", now)
		}
		return v.lacking(now, false, true)
	}
	return v.lacking(now, false, false)
}

// lacking judges a reminder whose entry is missing, or cannot be relied on.
// waits says that the entry is whole and says that it waits.
func (v *sight) lacking(now time.Time, missing, waits bool) cure {
	flaw, none := gateway.EntryDisputed, ""
	if missing {
		flaw = gateway.EntryLost
	} else if _, readable := parseReminder(v.entry); !readable {
		flaw = gateway.EntryDamaged
	}
	if !missing && !waits {
		none = "-" // waiting is having no entry
	}
	if !waits && v.told.lastly(gateway.Held) {
		none = entryOf(*v.told.last)
	}
	switch {
	case v.left() && (!v.due || v.texted):
		return v.restored(flaw, now)
	case v.left():
		return v.unsure(flaw, now)
	case !waits && v.told.lastly(gateway.Withdrawn):
		return cure{flaw: flaw, remedy: gateway.Restored, entry: entryOf(*v.told.last), due: "-"}
	case v.due && none == "":
		return cure{}
	case v.due:
		return cure{flaw: flaw, remedy: gateway.Restored, entry: none}
	case v.lease:
		return v.unsure(flaw, now)
	case v.earliest().After(now.Add(notYet)):
		if missing || waits {
			flaw = gateway.DueLost
		}
		return v.again(flaw, none, now)
	}
	return v.unsure(flaw, now)
}

// left reports whether something proves that the reminder was handed over, or that
// its fate is not known.
func (v *sight) left() bool { return v.texted || v.told.left != nil }

// earliest is the first moment at which the reminder may have left.
func (v *sight) earliest() time.Time {
	at := v.id.Rule.Due(v.id.Start)
	if v.sendAt.Before(at) {
		return v.sendAt
	}
	return at
}

// again puts a reminder back into the queue, where Decide looks at it at its time.
func (v *sight) again(flaw gateway.Flaw, entry string, now time.Time) cure {
	return cure{flaw: flaw, remedy: gateway.Restored, entry: entry, due: millis(gateway.Later(v.sendAt, now))}
}

// restored brings a reminder back to where its story, or the link from its number,
// says that it stood.
func (v *sight) restored(flaw gateway.Flaw, now time.Time) cure {
	e := Event{To: gateway.Accepted, At: sooner(now, v.earliest())}
	if v.told.left != nil {
		e = *v.told.left
	}
	c := cure{flaw: flaw, remedy: gateway.Restored, entry: entryOf(e), due: "-"}
	if e.To == gateway.Unknown {
		c.remedy, c.entry = gateway.Settling, c.entry+v.number()
	}
	return c
}

// number gives what stands for the number that the text was meant for: what the
// entry says of it, as long as it may be that, or else the appointment's.
func (v *sight) number() string {
	if len(v.entry) == reminderFixed+len(Tag{}) {
		return v.entry[reminderFixed:]
	}
	h, _, _ := parseHead([]byte(v.record))
	return string(h.Tag[:])
}

// unsure makes a reminder one of unknown fate, as of the first moment at which it
// may have left: the provider's list is read from there.
func (v *sight) unsure(flaw gateway.Flaw, now time.Time) cure {
	key := v.id.Key()
	e := Event{To: gateway.Unknown, Reason: gateway.UnknownOutcome, At: sooner(now, v.earliest())}
	line := append([]byte{byte(gateway.Unknown)}, seconds(now)...)
	line = append(append(line, key[len(v.id.Ref):]...), byte(gateway.UnknownOutcome), 0)
	return cure{flaw: flaw, remedy: gateway.Settling, entry: entryOf(e) + v.number(), due: "-", lease: "-", line: string(line)}
}

// entryOf gives the entry of a reminder that stands where an event brought it.
func entryOf(e Event) string {
	b := append([]byte{byte(e.To), byte(e.Reason)}, seconds(e.At)...)
	b = append(b, make([]byte, 9)...) // attempts and token
	return string(binary.BigEndian.AppendUint32(b, uint32(e.Code)))
}

func withholds(r gateway.Reason) bool {
	return r != gateway.None && (r < gateway.FeedStale || r == gateway.RecordUnreadable)
}

func sooner(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// testimony is what an appointment's story says of one of its reminders.
type testimony struct {
	left *Event // the last event that says that it was handed over, or that its fate is not known
	last *Event // the last event; nil when none is told, or when the story took no more
}

func (t testimony) lastly(s gateway.State) bool { return t.last != nil && t.last.To == s }

// testify reads what a story says of one reminder. What was accepted or ended
// counts wherever it stands in the story; an unknown fate counts while nothing
// newer is told.
func testify(story []byte, id gateway.ReminderID) testimony {
	var t testimony
	for rest := story; ; {
		e, n := parseEvent(rest)
		if n == 0 {
			break
		}
		rest = rest[n:]
		if e.What != EventReminder || e.Rule != id.Rule || !e.Start.Equal(id.Start) {
			continue
		}
		t.last = &e
		if ended(e) {
			t.left = &e
		}
	}
	if len(story) >= storyRoom {
		t.last = nil
	}
	if t.left == nil && t.lastly(gateway.Unknown) {
		t.left = t.last
	}
	return t
}

// ended reports whether an event says that a reminder was handed over for good. A
// reason that does not go with the state betrays a damaged line.
func ended(e Event) bool {
	switch e.To {
	case gateway.Accepted, gateway.Delivered:
		return e.Reason == gateway.None || e.Reason >= gateway.ProviderOptOut
	case gateway.Undelivered, gateway.Refused, gateway.Failed:
		return e.Reason >= gateway.ProviderOptOut
	case gateway.Unknown:
		return e.Reason == gateway.NotAnswered // the provider took it
	case gateway.Queued, gateway.Claimed, gateway.Sending, gateway.Held, gateway.Withdrawn:
	}
	return false
}

// wholeStory gives the length of a story up to the first event that is not whole.
func wholeStory(story []byte) int {
	at := 0
	for {
		_, n := parseEvent(story[at:])
		if n == 0 {
			return at
		}
		at += n
	}
}
