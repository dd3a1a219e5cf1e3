package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/message"
	"bellman/gateway/store"
	"bellman/gateway/store/embedded"
)

// weekWords is one text that a patient writes, and what is to come of it.
type weekWords struct {
	text string
	kind gateway.ReplyKind
	code bool // it is to name a visit by the code that the patient's own phone shows
}

// weekReply is what a patient wrote, and what we know of its fate.
type weekReply struct {
	weekWords
	practice  *weekPractice
	number    string
	id        string
	at        time.Time     // when it was written
	answered  time.Time     // by when the webhook's answer was there; zero: the door was closed
	took      time.Duration // until then, by a stopwatch
	texts     []string      // the answer
	taken     bool          // Twilio took the word for its own
	again     bool          // it got this answer before, that day
	cancelled bool          // the visit was cancelled at its word
	unclear   bool          // nobody knows whether it was
}

// weekPhrases are what patients write, by what is to come of it.
var weekPhrases = map[gateway.ReplyKind][]string{
	gateway.ReplyStop: {
		"STOP", "Stop please", "stop texting me", "\u201cSTOP\u201d", "stopio", "no more texts please \U0001F64F", "STOP ALL", "UNSUBSCRIBE", "opt-out", "ＳＴＯＰ",
		"Please stop sending text reminders", "cancel these messages", "QUIT", "dim mwy o negeseuon", "STOP\n\nSent from my iPhone",
	},
	gateway.ReplyStart:   {"START", "UNSTOP", "start", "\u201cSTART\u201d"},
	gateway.ReplyHelp:    {"HELP", "Help!", "INFO", "info?"},
	gateway.ReplyConfirm: {"yes", "Y", "iawn", "Yes 7567", "I'll be there", "ok thanks", "YES"},
	gateway.ReplyCancel:  {"cancel my appointment", "please cancel", "canslo", "CANCEL", "Cancel.", "CANCEL 7834", "can you cancel my appointment please", "cancle"},
	gateway.ReplyWrong:   {"wrong number", "I'm not Sarah", "no longer her number", "STOP wrong number", "rhif anghywir"},
	gateway.ReplyUnsure:  {"Sotp", "STOP 12345", "leave me alone", "stop you idiots", "STOPIWCH", "take me off your list", "СТОП"},
	gateway.ReplyOther: {
		"Can I come at 3 instead?", "Who is this?", "I need to stop my tablets", "stop by at 5?", "my chest hurts", "", "\U0001F44D\U0001F3FC", "Ydych chi ar agor yfory?",
		"\u0644\u0627 \u0623\u0641\u0647\u0645", strings.Repeat("I was told to ring but nobody answers. ", 40), "<script>alert(1)</script> {{.Name}}", "REBOOK",
		"don't stop", "12345", "start please", "\xff\xfe", "cancel both", " ",
	},
}

// weekShares is how often each kind is written, of a hundred replies.
var weekShares = map[gateway.ReplyKind]int{
	gateway.ReplyStop: 9, gateway.ReplyStart: 6, gateway.ReplyHelp: 4, gateway.ReplyConfirm: 13, gateway.ReplyCancel: 11,
	gateway.ReplyWrong: 4, gateway.ReplyUnsure: 5, gateway.ReplyOther: 38,
}

const weekCodes = 10 // and so many name a visit by its code

// dealt gives everything that patients write in the week: each kind as often as it
// has a share in it, and of each kind one phrase after the other.
func (w *week) dealt() []weekWords {
	phrases := sampled(w.t)
	var hundred []weekWords
	for _, kind := range gateway.ReplyKinds {
		for range weekShares[kind] {
			hundred = append(hundred, weekWords{kind: kind})
		}
	}
	for range weekCodes {
		hundred = append(hundred, weekWords{kind: gateway.ReplyCancel, code: true})
	}
	next := map[gateway.ReplyKind]int{}
	var out []weekWords
	for len(out) < w.size.replies {
		for _, i := range w.luck.Perm(len(hundred)) {
			words := hundred[i]
			words.text = phrases[words.kind][next[words.kind]%len(phrases[words.kind])]
			if !words.code {
				next[words.kind]++
			}
			out = append(out, words)
		}
	}
	return out[:w.size.replies]
}

// sampled gives the phrases and, where it is there, what the public sample of replies
// has besides.
func sampled(t *testing.T) map[gateway.ReplyKind][]string {
	kinds := map[string]gateway.ReplyKind{
		"STOP": gateway.ReplyStop, "START": gateway.ReplyStart, "HELP": gateway.ReplyHelp, "CANCEL_APPT": gateway.ReplyCancel,
		"CONFIRM": gateway.ReplyConfirm, "HUMAN": gateway.ReplyOther, "REBOOK": gateway.ReplyOther,
	}
	out := maps.Clone(weekPhrases)
	raw, _ := gatewaytest.SampleIfThere(t, "replies/replies.tsv")
	for line := range bytes.Lines(raw) {
		cells := strings.Split(strings.TrimRight(string(line), "\n"), "\t")
		if strings.HasPrefix(cells[0], "#") || len(cells) < 3 || slices.Contains(weekPhrases[gateway.ReplyUnsure], cells[0]) {
			continue // looks like STOP: the sample leaves that to people as well
		}
		if kind := kinds[cells[2]]; !slices.Contains(out[kind], cells[0]) {
			out[kind] = append(slices.Clone(out[kind]), cells[0])
		}
	}
	return out
}

// share is how many replies are written at one moment.
func (w *week) share() int {
	return min(w.size.replies/(weekDays*len(w.moments(0))), w.size.replies-len(w.said))
}

// answer lets patients write, and sees that each gets the answer that is due.
func (w *week) answer(v *serving, n int) {
	w.t.Helper()
	for range n {
		r := w.texted()
		if r.answered.IsZero() {
			w.t.Fatalf("a reply that means %s was not taken\n%s", r.kind, v.log)
		}
		w.obey(r)
		w.heard(&r)
		w.said = append(w.said, r)
	}
}

// texted has somebody write the next text, and gives what came of it.
func (w *week) texted() weekReply {
	r := weekReply{weekWords: w.deck[len(w.said)], practice: w.two[w.luck.IntN(2)]}
	r.number = fmt.Sprintf("+447700900%03d", r.practice.first+w.luck.IntN(min(490, w.size.visits/4)))
	if r.code {
		r.practice = w.two[0]
		r.number, r.text = w.fromThePhone()
	}
	r.at = w.clock.Now()
	began := time.Now()
	got := w.twilio.Reply(w.t.Context(), r.number, r.practice.Sender, r.text)
	r.took = time.Since(began)
	if got.Status == http.StatusOK {
		r.answered = w.clock.Now()
	}
	r.id, r.texts, r.taken = string(r.practice.ODS)+"."+got.MessageID, got.Texts, got.TookFor != ""
	return r
}

var codeOnPhone = regexp.MustCompile(`CANCEL (\d{4})`)

// fromThePhone picks somebody who has got a text with a code, and gives the phone and
// the answer that its owner types: mostly just what the text asks for.
func (w *week) fromThePhone() (number, text string) {
	p, all := w.two[0], w.twilio.Taken()
	for _, i := range w.luck.Perm(len(all)) {
		code := codeOnPhone.FindString(all[i].Body)
		if all[i].From != p.Sender || code == "" || slices.ContainsFunc(w.said, func(r weekReply) bool { return r.number == all[i].To && r.code }) {
			continue
		}
		switch w.luck.IntN(6) {
		case 0:
			return all[i].To, "please " + code
		case 1:
			return all[i].To, "Cancel " + code[8:] + code[7:8] // the first digit last
		}
		return all[i].To, code
	}
	return fmt.Sprintf("+447700900%03d", p.first), "CANCEL 1234"
}

// How hard an opt-out is to undo; what is harder wins. START undoes all but the last.
var weekRanks = map[gateway.ReplyKind]int{gateway.ReplyUnsure: 1, gateway.ReplyStop: 2, gateway.ReplyWrong: 3}

func (r weekReply) key() string { return string(r.practice.ODS) + r.number }

// obey notes what a reply makes of its number's opt-outs.
func (w *week) obey(r weekReply) {
	switch {
	case r.kind == gateway.ReplyStart && w.outs[r.key()] < weekRanks[gateway.ReplyWrong]:
		delete(w.outs, r.key())
	case weekRanks[r.kind] > 0:
		for _, p := range w.two {
			if p == r.practice || gateway.StopsAll(r.text) {
				key := string(p.ODS) + r.number
				w.outs[key] = max(w.outs[key], weekRanks[r.kind])
			}
		}
	}
}

// heard holds the answer to a reply against the one that is due: none to what Twilio
// answers by itself, to a confirmation, or when the number got the same that day.
func (w *week) heard(r *weekReply) {
	w.t.Helper()
	if len(r.texts) == 1 && w.cancels(r) {
		return
	}
	letter := w.due(*r)
	var want gateway.Text
	if letter != gateway.NoAnswer {
		want = message.Answers()[letter](w.phase(r.practice, r.at))
	}
	ack := r.key() + string(letter)
	if letter != gateway.NoAnswer {
		r.again, w.acked[ack] = w.acked[ack], true
	}
	if due := !want.IsZero() && !r.again; due != (len(r.texts) == 1) || due && r.texts[0] != want.Reveal() {
		w.t.Errorf("%s, which means %s, is answered with %q, want %q (the same was said that day: %t)", r.id, r.kind, r.texts, want.Reveal(), r.again)
	}
}

// due says which answer a reply that was obeyed is due.
func (w *week) due(r weekReply) gateway.Answer {
	closed := w.outs[r.key()] == weekRanks[gateway.ReplyWrong]
	switch {
	case r.taken || r.kind == gateway.ReplyConfirm:
		return gateway.NoAnswer
	case weekRanks[r.kind] > 0 && closed:
		return gateway.AnswerClosed
	case weekRanks[r.kind] > 0 && gateway.StopsAll(r.text):
		return gateway.AnswerStoppedAll
	case weekRanks[r.kind] > 0:
		return gateway.AnswerStopped
	case r.kind == gateway.ReplyStart && !closed:
		return gateway.AnswerStarted
	case r.kind == gateway.ReplyHelp:
		return gateway.AnswerHelp
	}
	return gateway.AnswerNotMonitored
}

// cancels reports whether a reply was answered with what came of cancelling the visit
// whose code it names: that it is cancelled, which must be so, or that nobody knows, as
// where the clinical system was too slow.
func (w *week) cancels(r *weekReply) bool {
	w.t.Helper()
	all := r.practice.diary.Visits()
	i := slices.IndexFunc(all, func(v surgery.Visit) bool {
		return r.practice.number(v.Slot) == r.number && strings.EqualFold(codeOnPhone.FindString(w.words(r.practice, v, r.at)), r.text)
	})
	if i < 0 {
		return false
	}
	p, a := w.phase(r.practice, r.at), gateway.Appointment{Start: all[i].Start.UTC()}
	switch r.texts[0] {
	case message.Cancelled(p, a, r.at).Reveal():
		r.cancelled = true
		if all[i].Status != gateway.StatusCancelled {
			w.t.Errorf("%s is answered as cancelled, and the visit with its code is not", r.id)
		}
		return true
	case message.Unclear(p, a, r.at).Reveal():
		r.unclear = true
		return true
	}
	return false
}

// anotherDay lets go of what Redis forgets after a day by its own clock, which no test
// can set: which answers a number got, and who guessed.
func (w *week) anotherDay() {
	w.t.Helper()
	clear(w.acked)
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	server, err := embedded.Start(ctx, w.path("data"), embedded.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = server.Stop(ctx) }()
	rdb, err := store.Client(server.URL())
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rdb.Close() }()
	for _, pattern := range []string{"*:ack:*", "*:guess:*"} {
		if keys := rdb.Keys(ctx, pattern).Val(); len(keys) > 0 {
			if err := rdb.Del(ctx, keys...).Err(); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// closeTheDoor stops the whole service for a while, in which patients write.
// Twilio gives up on each of those texts; they stand only in its list.
func (w *week) closeTheDoor(v *serving) *serving {
	w.t.Helper()
	for _, c := range weekCounters() {
		w.before[strings.Join(c, " ")] = v.metric(c[0], c[1:]...)
	}
	v.stop()
	from := len(w.said)
	for range max(10, w.size.replies/30) {
		w.clock.set(w.clock.Now().Add(2 * time.Second)) // no two in one second: their order would be anybody's guess
		r := w.texted()
		if !r.answered.IsZero() {
			w.t.Fatal("somebody answered at a closed door")
		}
		if r.kind == gateway.ReplyHelp && !r.taken {
			r.kind = gateway.ReplyOther // a person helps: no answer comes to what is found in the list
		}
		w.obey(r)
		w.said = append(w.said, r)
	}
	w.edit("accents: keep", "accents: drop\n      cost_line: {pounds: 30, source: \"Practice accounts, 2025\"}")
	w.clock.set(w.clock.Now().Add(2 * time.Minute))
	w.opened = w.clock.Now()
	for _, p := range w.two {
		p.phases = append(p.phases, w.configured(p.ODS))
	}
	v = w.serve()
	v.await("what was written meanwhile has been found", func() string {
		if n := int(v.metric("bellman_replies_total")); n != len(w.said)-from {
			return fmt.Sprintf("%d of %d", n, len(w.said)-from)
		}
		return ""
	})
	w.applied = w.clock.Now()
	return v
}
