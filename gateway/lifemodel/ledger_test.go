package lifemodel

import (
	"strings"

	"bellman/gateway"
)

// owes says whether the record lists the reminder: this start, this rule.
func (r record) owes() bool { return r.says != elsewhere && r.says != ruleless }

// overtaken gives the reason why the record owes the reminder no more, or None.
// It follows stands in gateway/store/lua/move.lua.
func (r record) overtaken() gateway.Reason {
	switch r.says {
	case elsewhere:
		return gateway.Moved
	case ruleless:
		return gateway.RuleRemoved
	}
	return gateway.None
}

// optedOut asks for the number of the record, as claim.lua and move.lua do.
func (w *world) optedOut() bool { return w.stopped && w.record.says.number() == 1 }

// now gives where the reminder stands; 0 when nothing is known of it.
func (r *redis) now() gateway.State {
	if r.state == 0 && r.record.owes() {
		return gateway.Queued
	}
	return r.state
}

// enter writes a new state and looks whether the table of moves allows it.
func (w *world) enter(to gateway.State, why gateway.Reason) {
	again := to == gateway.Unknown && w.reason != why // the one state that is entered twice
	if from := w.now(); (from != to || again) && from != 0 && !gateway.MayMoveFor(from, w.reason, to, why) {
		w.breach(notInTheTable)
	}
	w.state, w.reason, w.settled = to, why, false
	if to == gateway.Withdrawn && w.texts > 0 {
		w.breach(withdrawnThoughSent)
	}
}

// silent says whether the provider took the text and the network did not answer.
func (r *redis) silent() bool { return r.state == gateway.Unknown && r.reason == gateway.NotAnswered }

func waits(s gateway.State) bool { return s == gateway.Queued || s == gateway.Held }

// change is gateway.Change, as far as it matters here.
type change struct {
	to      gateway.State
	only    string
	why     gateway.Reason
	token   token // 0: whoever holds it
	digest  *record
	consent bool
	later   bool // for Queued and Held: not at once
	fenced  bool // asked for by a sender for its own claim
}

// move follows gateway/store/lua/move.lua for one reminder.
func (w *world) move(b *build, c change) gateway.ChangeVerdict {
	if c.to == gateway.Sending {
		c.why = gateway.None // what leaves has no reason
	}
	from, overtaken := w.now(), w.record.overtaken()
	held := c.token == 0 || c.token == w.token || b.noTokens
	if from == c.to && w.reason == c.why && c.to != gateway.Sending && held {
		return gateway.Same
	}
	switch {
	case !held || from == 0 || !strings.ContainsRune(b.sourcesOf(c.to, c.why), rune(from)) || (c.only != "" && !strings.ContainsRune(c.only, rune(from))):
		return gateway.Elsewhere
	case w.silent() && !strings.ContainsRune("duf", rune(c.to)) && !b.forgetsItWasTaken:
		return gateway.Elsewhere
	case c.digest != nil && w.record != *c.digest && (c.consent || !strings.ContainsRune("adur", rune(c.to))):
		return gateway.Outdated // what the provider said of a text that left needs no record
	case waits(c.to) && overtaken != gateway.None:
		if from != gateway.Withdrawn {
			w.carryOut(c, from, gateway.Withdrawn, overtaken)
		}
		return gateway.Outdated
	case (c.consent || c.to == gateway.Sending) && overtaken != gateway.None:
		return gateway.Outdated
	case c.consent && w.optedOut():
		w.carryOut(c, from, gateway.Withdrawn, gateway.OptedOut)
		return gateway.StoppedBy
	}
	w.carryOut(c, from, c.to, c.why)
	return gateway.Done
}

// carryOut is the writing half of move.lua.
func (w *world) carryOut(c change, from, to gateway.State, why gateway.Reason) {
	if c.fenced && c.token != w.token {
		w.breach(fencedWriteCounted)
	}
	if waits(c.to) && to == gateway.Withdrawn {
		w.enter(c.to, gateway.None) // two moves of the table in one script
	}
	w.enter(to, why)
	if to == gateway.Sending {
		w.lookAtLeaving()
		w.lease, w.number = leased, w.record.says.number()
	} else if from == gateway.Claimed || from == gateway.Sending {
		w.lease = noLease
	}
	switch {
	case waits(to) && c.later:
		w.due = dueLater
	case waits(to):
		w.due = dueNow
	case waits(from) && w.record.overtaken() == gateway.None:
		w.due = notWaiting
	}
	if to == gateway.Withdrawn {
		w.again = true
	}
}

// claim follows gateway/store/lua/claim.lua. It reports whether the reminder was
// handed out.
func (w *world) claim(b *build, t token) bool {
	from := w.now()
	w.due = notWaiting
	switch {
	case !w.record.owes(), !waits(from):
		return false
	case w.optedOut() && !b.claimForgetsOptOuts:
		w.enter(gateway.Withdrawn, gateway.OptedOut)
		w.token, w.again = 0, true
		return false
	}
	w.enter(gateway.Claimed, gateway.None)
	w.token, w.lease = t, leased
	return true
}

// plan follows gateway/store/lua/plan.lua for one appointment and one rule.
func (w *world) plan(b *build, old, is record) {
	if w.record != old {
		return // a conflict: the next read plans again
	}
	w.again = false
	same := old.says != elsewhere && is.says != elsewhere
	if old.owes() && (!same || !is.owes()) {
		why := is.overtaken()
		if st := w.now(); waits(st) || st == gateway.Claimed || (b.planTouchesSending && st == gateway.Sending) {
			w.enter(gateway.Withdrawn, why)
			w.token = 0
			w.unlease(st)
		}
	}
	if !is.owes() {
		w.due, w.record = notWaiting, is
		return
	}
	known := same && old.owes()
	state := w.state
	if state == 0 && known {
		state = gateway.Queued
	}
	w.record = is
	w.want(state, is, same)
}

// want brings the reminder into line with a record that owes it.
func (w *world) want(state gateway.State, is record, same bool) {
	open := state == 0 || waits(state) || state == gateway.Withdrawn
	switch {
	case is.want == gateway.Withdrawn:
		w.due = notWaiting
		if (open || state == gateway.Claimed) && (w.state != gateway.Withdrawn || w.reason != is.why) {
			w.enter(gateway.Withdrawn, is.why)
			w.token = 0
		}
		w.unlease(state)
	case !open:
		if !same {
			w.due = notWaiting
		}
	case is.want == gateway.Queued:
		if w.state != gateway.Queued { // with an entry of its own it keeps its later time
			w.due = dueNow
		}
		if w.state == gateway.Held || w.state == gateway.Withdrawn {
			w.enter(gateway.Queued, gateway.None)
			w.state, w.token = 0, 0
		}
	case is.want == gateway.Held:
		w.due = dueNow
		if w.state != gateway.Held || w.reason != is.why {
			w.enter(gateway.Held, is.why)
			w.token = 0
		}
	}
}

func (w *world) unlease(was gateway.State) {
	if was == gateway.Claimed {
		w.lease = noLease
	}
}

// planned gives the record that a read writes, as scheduler/draft.go and
// gateway/decide.go have it: what must never be sent before what is merely late,
// and that before what is not certain.
func planned(says diary, over, stopped bool) record {
	switch {
	case says == elsewhere || says == ruleless:
		return record{says: says}
	case says == cancelled:
		return record{says, gateway.Withdrawn, gateway.Cancelled}
	case stopped && says.number() == 1:
		return record{says, gateway.Withdrawn, gateway.OptedOut}
	case over:
		return record{says, gateway.Withdrawn, gateway.TooLate}
	case says == unclear:
		return record{says, gateway.Held, gateway.NotConfirmed}
	}
	return record{says, gateway.Queued, gateway.None}
}
