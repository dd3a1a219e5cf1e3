package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

// weekCounters begin anew with the service.
func weekCounters() [][]string {
	all := [][]string{{"bellman_replies_total"}, {"bellman_sms_segments_total"}, {"bellman_cancellations_total"}}
	for _, end := range gateway.CancelEnds() {
		all = append(all, cancelsWith(end))
	}
	return all
}

func cancelsWith(end gateway.CancelEnd) []string {
	return []string{"bellman_cancellations_total", `outcome="` + end.String() + `"`}
}

// counted gives a counter, and labels of it, over the whole week.
func (w *week) counted(v *serving, counter ...string) int {
	return int(w.before[strings.Join(counter, " ")] + v.metric(counter[0], counter[1:]...))
}

// check looks at every phone, every reminder and every reply, and prints the figures.
func (w *week) check(v *serving) {
	w.t.Helper()
	f := figures{}
	w.checkTexts(f, v)
	w.checkReminders(f)
	w.checkReplies(f, v)
	w.checkCancels(f, v)
	w.checkSTOP(f)
	w.checkOptOuts(f)
	w.checkTheDoor(f)
	if n := v.metric("bellman_unexplained"); n != 0 {
		w.t.Errorf("%v reminders cannot be explained", n)
	}
	f.set("visits", "in the diaries", len(w.two[0].diary.Visits())+len(w.two[1].diary.Visits()))
	w.t.Logf("the week in figures\n%s", f)
}

// checkReminders sees that what was not sent has a reason, and counts them.
func (w *week) checkReminders(f figures) {
	w.t.Helper()
	delivered := 0
	for _, r := range w.queue() {
		switch {
		case r.State == "delivered":
			delivered++
		case r.State == "queued": // come saw that none of them was due while the practice was open
			f.add("reminders still to come", r.Practice)
		case r.Reason == "" || r.Reason == "feed_stale":
			w.t.Errorf("the %s reminder of %s due at %s is %s, because of %q", r.Rule, r.Practice, r.Due, r.State, r.Reason)
		case r.Reason == "too_late":
			f.add("reminders withheld", w.untilTooLate(r)+", until it was too late ("+r.State+")")
		default:
			f.add("reminders withheld", r.Reason+" ("+r.State+")")
		}
	}
	if n := len(w.twilio.Taken()); n != delivered {
		w.t.Errorf("%d reminders are delivered, and %d texts were taken", delivered, n)
	}
}

// untilTooLate says what a reminder that was too late in the end was kept back for until
// then: a decision of people that nobody took, the bound on a day's texts, an opt-out that
// was lifted, or another visit's text that spoke for it. It must be no fault of ours.
func (w *week) untilTooLate(r queueLine) string {
	w.t.Helper()
	var story storyRead
	w.ask(&story, "explain", "--practice", r.Practice, "--appointment", r.Appointment)
	for _, e := range story.Events {
		if e.Rule == r.Rule && slices.Contains([]string{"young_shared", "enough_today", "opted_out", "merged"}, e.Reason) {
			return e.Reason
		}
	}
	w.t.Errorf("the %s reminder of %s due at %s was too late, and was not kept back before: %+v", r.Rule, r.Practice, r.Due, story.Events)
	return "nothing"
}

// checkReplies sees that every reply is kept, and was answered or waits for a person,
// or is obeyed in some other way that can be shown.
func (w *week) checkReplies(f figures, v *serving) {
	w.t.Helper()
	kept := map[string]replyLine{}
	for _, r := range w.replies("--all") {
		kept[r.ID] = r
	}
	if len(kept) != len(w.said) || w.counted(v, "bellman_replies_total") != len(w.said) {
		w.t.Errorf("%d replies are kept and %d counted, of %d that were written", len(kept), w.counted(v, "bellman_replies_total"), len(w.said))
	}
	for _, r := range w.said {
		k := kept[r.id]
		if k.Kind != r.kind.String() {
			w.t.Errorf("%s is kept as %q, want %q", r.id, k.Kind, r.kind)
		}
		fate := w.fate(r, k)
		if fate == "" {
			w.t.Errorf("%s, which means %s, was neither answered nor waits for a person", r.id, r.kind)
		}
		f.add("replies: "+r.kind.String(), fate)
		if open := k.Closed == ""; open != (r.kind.NeedsPerson() && !r.cancelled) {
			w.t.Errorf("%s, which means %s, waits for a person: %t", r.id, r.kind, open)
		}
	}
	for _, kind := range gateway.ReplyKinds {
		if f["replies: "+kind.String()] == nil {
			w.t.Errorf("nobody wrote a reply that means %s", kind)
		}
	}
}

// checkCancels sees that every wish to cancel at the practice that lets Bellman cancel
// came to an end that is counted, and that some visits were cancelled.
func (w *week) checkCancels(f figures, v *serving) {
	w.t.Helper()
	asked := 0
	for _, r := range w.said {
		if r.kind == gateway.ReplyCancel && r.practice == w.two[0] && !r.taken && !r.answered.IsZero() {
			asked++
		}
	}
	if n := w.counted(v, "bellman_cancellations_total"); n != asked {
		w.t.Errorf("%d of %d wishes to cancel have an outcome", n, asked)
	}
	const heading = "cancelling by text"
	for _, end := range gateway.CancelEnds() {
		if n := w.counted(v, cancelsWith(end)...); n > 0 {
			f.set(heading, end.String(), n)
		}
	}
	if done := f[heading]["cancelled"]; done == 0 || done != f["replies: cancel"][fateCancelled] {
		w.t.Errorf("%d visits are counted as cancelled, and %d patients were told", done, f["replies: cancel"][fateCancelled])
	}
}

// checkSTOP tells how long those who opted out waited for the answer.
func (w *week) checkSTOP(f figures) {
	var waits []time.Duration
	for _, r := range w.said {
		if weekRanks[r.kind] > 0 && !r.answered.IsZero() {
			waits = append(waits, r.took)
		}
	}
	slices.Sort(waits)
	const heading = "milliseconds from a STOP to its answer"
	f.set(heading, "half of them", int(waits[len(waits)/2].Milliseconds()))
	f.set(heading, "longest", int(waits[len(waits)-1].Milliseconds()))
}

const fateCancelled = "the visit is cancelled, and the patient told"

// fate says what came of a reply; "" is nothing.
func (w *week) fate(r weekReply, kept replyLine) string {
	late := ""
	if r.answered.IsZero() {
		late = ", found in the list"
	}
	switch open := kept.Closed == ""; {
	case r.cancelled:
		return fateCancelled
	case r.unclear && open:
		return "told that nobody knows whether it is cancelled, and waits for a person"
	case open && len(r.texts) > 0:
		return "answered, and waits for a person"
	case open && r.again:
		return "waits for a person; the same was answered that day"
	case open:
		return "waits for a person" + late
	case len(r.texts) > 0:
		return "answered"
	case r.taken && w.automatic(r):
		return "answered by Twilio, and obeyed" + late
	case r.again:
		return "obeyed; the same was answered that day"
	case r.kind == gateway.ReplyConfirm:
		return "kept; asks for nothing" + late
	case r.kind == gateway.ReplyStop || r.kind == gateway.ReplyStart:
		return "obeyed" + late
	}
	return ""
}

// automatic reports whether Twilio answered a reply by itself.
func (w *week) automatic(r weekReply) bool {
	return slices.ContainsFunc(w.twilio.Phone(r.number), func(x twiliosim.Text) bool {
		return x.Automatic && x.From == r.practice.Sender && !x.At.Before(r.at) && x.At.Before(r.at.Add(r.took))
	})
}

// checkOptOuts holds the ledger against what patients wrote. Whom the provider blocks
// for its own words is there as well.
func (w *week) checkOptOuts(f figures) {
	w.t.Helper()
	var rows []optoutRow
	w.ask(&rows, "optout", "list", "--reveal")
	listed := map[string]bool{}
	for _, r := range rows {
		key := r.Practice + r.Number
		listed[key] = true
		f.add("opted out at the end, by", r.By)
		if w.outs[key] == 0 && (r.By != gateway.OutByProvider || !w.twilio.Blocked(w.practice(gateway.ODS(r.Practice)).Sender, r.Number)) {
			w.t.Errorf("%s: a number that did not ask for it has opted out, by %s", r.Practice, r.By)
		}
	}
	for key := range w.outs {
		if !listed[key] {
			w.t.Errorf("%s: a number that opted out is not in the ledger", key[:6])
		}
	}
}

// checkTheDoor tells how long what was written at the closed door stood unread, and
// how many texts left meanwhile against a STOP in it.
func (w *week) checkTheDoor(f figures) {
	w.t.Helper()
	oldest, overtaken := w.applied, 0
	for _, r := range w.said {
		if !r.answered.IsZero() {
			continue
		}
		if r.at.Before(oldest) {
			oldest = r.at
		}
		for _, text := range w.twilio.Taken() {
			if weekRanks[r.kind] > 0 && text.To == r.number && text.From == r.practice.Sender && text.At.After(r.at) && text.At.Before(w.applied) {
				overtaken++
			}
		}
	}
	const heading = "written at the closed door"
	f.set(heading, "seconds from the first to its finding", int(w.applied.Sub(oldest).Seconds()))
	f.set(heading, "seconds from the opening to the finding", int(w.applied.Sub(w.opened).Seconds()))
	f.set(heading, "texts that left meanwhile against a STOP", overtaken)
	if late := w.applied.Sub(w.opened); late > 6*time.Minute {
		w.t.Errorf("what was written at the closed door was found %s after it was open again", late)
	}
}

// figures are counts under headings.
type figures map[string]map[string]int

func (f figures) add(heading, what string) { f.set(heading, what, f[heading][what]+1) }

func (f figures) set(heading, what string, n int) {
	if f[heading] == nil {
		f[heading] = map[string]int{}
	}
	f[heading][what] = n
}

func (f figures) String() string {
	var b strings.Builder
	for _, heading := range slices.Sorted(maps.Keys(f)) {
		_, _ = fmt.Fprintf(&b, "%s\n", heading)
		for _, what := range slices.Sorted(maps.Keys(f[heading])) {
			_, _ = fmt.Fprintf(&b, "  %6d  %s\n", f[heading][what], what)
		}
	}
	return b.String()
}
