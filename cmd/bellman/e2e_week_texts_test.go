package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"bellman/adapters/surgery"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/message"
)

// checkTexts holds what the provider was given against the catalogue, the hours, the
// bound on a day's texts, and what had been asked for.
func (w *week) checkTexts(f figures, v *serving) {
	w.t.Helper()
	segments, same, daily := 0, map[string]int{}, map[string]int{}
	shut, visits := w.shut(), map[string][]surgery.Visit{}
	for _, p := range w.two {
		for _, visit := range p.diary.Visits() {
			key := string(p.ODS) + p.number(visit.Slot)
			visits[key] = append(visits[key], visit)
		}
	}
	for _, text := range w.twilio.Taken() {
		p := w.of(text.From)
		w.checkText(f, p, text, visits[string(p.ODS)+text.To])
		segments += text.Segments
		words, day := text.From+text.To+text.Body, text.From+text.To+onDay(text.At)
		same[words]++
		daily[day]++
		if same[words+day]++; same[words+day] > 1 {
			f.add("reminders by practice", string(p.ODS)+", two of one visit on one day")
		}
		if same[words] > len(w.phase(p, text.At).Policy.Rules) || p.mostADay > 0 && daily[day] > p.mostADay {
			w.t.Errorf("%s: a phone got one text %d times, and %d texts on one day", p.ODS, same[words], daily[day])
		}
		for _, s := range shut[string(p.ODS)+text.To] {
			if text.At.After(s.from) && (s.to.IsZero() || text.At.Before(s.to)) {
				w.t.Errorf("%s: a text left at %s although STOP stood since %s", p.ODS, text.At, s.from)
			}
		}
	}
	f.set("reminders by cost", "segments in all", segments)
	if n := w.counted(v, "bellman_sms_segments_total"); n != segments {
		w.t.Errorf("%d segments are counted, and Twilio counted %d", n, segments)
	}
	w.checkVariety(f)
}

// checkText looks at one text by itself. visits are those on its number.
func (w *week) checkText(f figures, p *weekPractice, text twiliosim.Taken, visits []surgery.Visit) {
	w.t.Helper()
	encoding, n := message.Count(text.Body)
	f.add("reminders by practice", string(p.ODS))
	f.add("reminders by day", onDay(text.At)+" "+string(p.Nation))
	f.add("reminders by language", string(p.Nation)+": "+languageOf(text.Body))
	f.add("reminders by cost", fmt.Sprintf("%s of %d", encoding, text.Segments))
	if n != text.Segments {
		w.t.Errorf("a text counts as %d segments, and Twilio counts %d", n, text.Segments)
	}
	if !p.open(text.At) || !text.Arrived {
		w.t.Errorf("%s: a text left at %s, outside the hours, or did not arrive", p.ODS, text.At.In(gateway.London()))
	}
	i := slices.IndexFunc(visits, func(v surgery.Visit) bool { return w.words(p, v, text.At) == text.Body })
	if i < 0 {
		w.t.Errorf("%s: a phone got a text that is none of its visits': %q", p.ODS, text.Body)
		return
	}
	visit := visits[i]
	switch name := p.called[visit.Person]; {
	case visit.Status == gateway.StatusCancelled && text.At.After(visit.Changed):
		w.t.Errorf("%s: a text came at %s about a visit that had been cancelled at %s", p.ODS, text.At, visit.Changed)
	case name != "" && strings.HasPrefix(text.Body, name+", "):
		f.add("reminders that greet by name", string(p.ODS))
	}
}

// checkVariety sees that the week was one of which the rest is worth knowing: texts
// left on either side of the clock change, in each language, and as each practice is
// set up.
func (w *week) checkVariety(f figures) {
	w.t.Helper()
	for _, day := range []string{"2026-10-23 england", "2026-10-26 england", "2026-10-24 wales", "2026-10-25 wales", "2026-10-26 wales"} {
		if f["reminders by day"][day] == 0 {
			w.t.Errorf("on one side of the clock change nothing was sent: %s", day)
		}
	}
	if f["reminders that greet by name"]["A81001"] == 0 || f["reminders that greet by name"]["W97001"] > 0 || f["reminders by cost"]["UCS-2 of 3"] == 0 {
		w.t.Error("the switches of one practice were not played, or are those of both")
	}
	all, languages := f["reminders by practice"], f["reminders by language"]
	if languages["england: English"] != all["A81001"] || languages["wales: Welsh"]+languages["wales: Welsh and English"] != all["W97001"] || languages["wales: Welsh"] == 0 {
		w.t.Error("not every text is in the language that is due")
	}
}

// languageOf tells in what a text is written.
func languageOf(body string) string {
	welsh, english := strings.Contains(body, "Mae gennych"), strings.Contains(strings.ToLower(body), "you have a")
	switch {
	case welsh && english && strings.HasPrefix(body, "Mae gennych"):
		return "Welsh and English"
	case english:
		return "English"
	case welsh:
		return "Welsh"
	}
	return "neither"
}

// shut gives when each number may not be texted: since the answer to a STOP, or since
// one that was written at a closed door was found, until somebody wrote START.
func (w *week) shut() map[string][]stretch {
	out, ranks := map[string][]stretch{}, map[string]int{}
	for _, r := range w.said {
		from := r.answered
		if from.IsZero() {
			from = w.applied
		}
		keys := []string{r.key()}
		if gateway.StopsAll(r.text) {
			keys = []string{string(w.two[0].ODS) + r.number, string(w.two[1].ODS) + r.number}
		}
		for _, key := range keys {
			s := out[key]
			switch {
			case weekRanks[r.kind] > 0:
				if ranks[key] == 0 {
					out[key] = append(s, stretch{from: from})
				}
				ranks[key] = max(ranks[key], weekRanks[r.kind])
			case r.kind == gateway.ReplyStart && ranks[key] > 0 && ranks[key] < weekRanks[gateway.ReplyWrong]:
				s[len(s)-1].to, ranks[key] = r.at, 0
			}
		}
	}
	return out
}

// stretch is when a number asked for no texts.
type stretch struct{ from, to time.Time }
