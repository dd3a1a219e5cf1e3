package main

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"bellman/gateway"
	"bellman/gateway/number"
	"bellman/gateway/store"
)

// demoView is everything that stands on the page, in words.
type demoView struct {
	Age      string                   `json:"age"` // since the diary was read
	Counts   summary                  `json:"counts"`
	Withheld int                      `json:"withheld"`
	Whys     []demoWhy                `json:"whys"`
	Days     []demoDay                `json:"days"`
	Phones   []demoPhone              `json:"phones"`
	Events   []demoEvent              `json:"events"` // the newest first
	People   []demoPerson             `json:"-"`
	Doors    map[string]string        `json:"-"`
	Missing  []string                 `json:"missing,omitempty"` // why Bellman is not ready
	Trouble  string                   `json:"-"`
	HTML     map[string]template.HTML `json:"html,omitempty"`
}

// demoWhy is a reason with how many reminders it withholds now.
type demoWhy struct {
	Words string `json:"words"`
	N     int    `json:"n"`
	Share int    `json:"-"` // of the most frequent, in hundredths
}

type demoDay struct {
	ID     string      `json:"id"`
	Title  string      `json:"title"`
	Visits []demoVisit `json:"visits"`
}

type demoPerson struct {
	ID     int    `json:"id"`
	Name   string `json:"name"`
	Mobile string `json:"mobile"` // as reception typed it
	Dead   bool   `json:"dead"`
	Left   bool   `json:"left"`
	Rev    int64  `json:"-"` // changes with the record
	Free   bool   `json:"-"` // nothing in the diary for tomorrow, and a number that can be texted
}

type demoVisit struct {
	Slot      int            `json:"slot"`
	ID        string         `json:"id"`
	Person    demoPerson     `json:"person"`
	Time      string         `json:"time"`
	Wall      string         `json:"-"` // for the field of a form
	Cancelled bool           `json:"cancelled"`
	Reminders []demoReminder `json:"reminders"`
}

type demoReminder struct {
	Rule  string `json:"rule"`
	Look  string `json:"look"` // waiting, went, withheld or trouble
	State string `json:"state"`
	Words string `json:"words"`
}

type demoPhone struct {
	ID      string       `json:"id"`
	Number  string       `json:"number"`
	Owner   string       `json:"owner"`
	Marks   []string     `json:"marks,omitempty"` // opted out, blocked
	Bubbles []demoBubble `json:"bubbles"`

	last time.Time
}

type demoBubble struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"` // reminder, answer, automatic, patient
	Label string `json:"label"`
	Time  string `json:"time"`
	Body  string `json:"body"`
	Code  string `json:"code,omitempty"` // of the visit, that the text tells for CANCEL

	at time.Time
}

// view looks at the whole demo: the surgery's diary and the phones as the
// simulators have them, and what Bellman's own ledger says of each visit.
func (p *demoPage) view(ctx context.Context) (demoView, error) {
	now := p.clock.Now()
	counts, err := p.summarise(ctx)
	if err != nil {
		return demoView{}, err
	}
	feed, err := p.store.Feed(ctx, demoODS)
	if err != nil {
		return demoView{}, err
	}
	all, err := p.store.Appointments(ctx, demoODS)
	if err != nil {
		return demoView{}, err
	}
	kept := make(map[gateway.AppointmentID]store.Kept, len(all))
	for _, k := range all {
		kept[k.Facts.Appointment.ID] = k
	}
	v := demoView{Age: "never", Counts: counts, Doors: map[string]string{}}
	if !feed.AsOf.IsZero() {
		v.Age = fmt.Sprintf("%.0f s ago", max(0, now.Sub(feed.AsOf).Seconds()))
	}
	v.Missing, _ = p.ready(ctx)
	for name, d := range p.doors {
		v.Doors[name] = d.addr()
	}
	v.Whys, v.Withheld = whysOf(counts.Withheld)
	v.People = p.people(now)
	v.Days = p.days(now, kept, v.People)
	if v.Phones, err = p.phones(ctx); err != nil {
		return v, err
	}
	v.Events, err = p.events(ctx, all)
	return v, err
}

func whysOf(withheld map[string]int) (out []demoWhy, total int) {
	most := 1
	for _, n := range withheld {
		total, most = total+n, max(most, n)
	}
	for label, n := range withheld {
		out = append(out, demoWhy{reasonWords(label), n, 100 * n / most})
	}
	slices.SortFunc(out, func(a, b demoWhy) int { return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Words, b.Words)) })
	return out, total
}

func (p *demoPage) people(now time.Time) []demoPerson {
	tomorrow := demoDate(now.In(gateway.London()).AddDate(0, 0, 1))
	busy := map[int]bool{}
	for _, v := range p.diary.Visits() {
		busy[v.Person] = busy[v.Person] || demoDate(v.Start) == tomorrow
	}
	var out []demoPerson
	for _, m := range p.diary.People() {
		_, kind := number.Parse(m.Mobile, true)
		dead, left := !m.Died.IsZero(), !m.Deducted.IsZero()
		out = append(out, demoPerson{
			ID: m.ID, Name: demoName(m), Mobile: m.Mobile, Dead: dead, Left: left, Rev: m.Changed.UnixMilli(),
			Free: kind == gateway.NumberMobile && !dead && !left && !busy[m.ID],
		})
	}
	return out
}

func demoDate(t time.Time) string { return t.In(gateway.London()).Format("Monday 2 January") }

// days gives the diary by day, with each visit's reminders as the ledger has them.
func (p *demoPage) days(now time.Time, kept map[gateway.AppointmentID]store.Kept, people []demoPerson) []demoDay {
	who := make(map[int]demoPerson, len(people))
	for _, m := range people {
		who[m.ID] = m
	}
	var out []demoDay
	for _, v := range p.diary.Visits() {
		start := v.Start.In(gateway.London())
		if id := "day-" + start.Format(time.DateOnly); len(out) == 0 || out[len(out)-1].ID != id {
			out = append(out, demoDay{ID: id, Title: demoDate(start)})
		}
		row := demoVisit{
			Slot: v.Slot, ID: visitID(v.Slot), Person: who[v.Person], Time: demoClock(start),
			Wall: start.Format(wallForms[1]), Cancelled: v.Status == gateway.StatusCancelled,
		}
		// The ledger may still have the visit at another start: the diary was
		// changed after it was last read.
		if k, ok := kept[gateway.AppointmentID(fmt.Sprintf("%d-%d", v.Slot, v.Person))]; ok && k.Head.Start.Equal(v.Start) {
			row.Reminders = p.reminders(now, k)
		}
		day := &out[len(out)-1]
		day.Visits = append(day.Visits, row)
	}
	return out
}

// demoClock writes a time of day, with its seconds where it has any.
func demoClock(t time.Time) string {
	l := t.In(gateway.London())
	if l.Second() == 0 {
		return l.Format("15:04")
	}
	return l.Format("15:04:05")
}

// demoStamp writes when something happened, to the second.
func demoStamp(t time.Time) string { return t.In(gateway.London()).Format("15:04:05") }

func (p *demoPage) reminders(now time.Time, k store.Kept) []demoReminder {
	due := map[gateway.Rule]time.Time{}
	for _, o := range p.practice.Policy.Plan(k.Head.Start, p.practice.Nation, k.Head.FirstSeen) {
		due[o.Rule] = o.SendAt
	}
	var out []demoReminder
	for _, r := range k.Reminders {
		look, words := standingWords(r, due[r.ID.Rule], now)
		out = append(out, demoReminder{leadWords(r.ID.Rule), look, r.State.String(), words})
	}
	return out
}

// leadWords says "1 day before" for "1d".
func leadWords(r gateway.Rule) string {
	s := r.String()
	unit := map[byte]string{'d': "day", 'h': "hour", 'm': "minute"}[s[len(s)-1]]
	if s = s[:len(s)-1]; s != "1" {
		unit += "s"
	}
	return s + " " + unit + " before"
}

// The looks of a reminder or event.
const (
	lookWaiting  = "waiting"
	lookWent     = "went"
	lookWithheld = "withheld"
	lookTrouble  = "trouble"
	lookPlain    = "plain"
)

func demoLook(s gateway.State) string {
	switch s {
	case gateway.Queued, gateway.Claimed, gateway.Sending:
		return lookWaiting
	case gateway.Accepted, gateway.Delivered:
		return lookWent
	case gateway.Held, gateway.Withdrawn:
		return lookWithheld
	case gateway.Refused, gateway.Undelivered, gateway.Unknown, gateway.Failed:
	}
	return lookTrouble
}

// standingWords says where a reminder stands, and why it was not sent.
func standingWords(r gateway.Standing, due, now time.Time) (look, words string) {
	look = demoLook(r.State)
	switch r.State {
	case gateway.Queued:
		return look, "due " + dueWords(due, now)
	case gateway.Claimed, gateway.Sending:
		return look, "being sent"
	case gateway.Accepted:
		return look, "handed to the network " + demoStamp(r.At)
	case gateway.Delivered:
		return look, "delivered " + demoStamp(r.At)
	case gateway.Held, gateway.Withdrawn, gateway.Refused, gateway.Undelivered, gateway.Unknown, gateway.Failed:
	}
	if r.Reason == gateway.BookedLate {
		look = lookPlain // nothing went wrong: most visits are booked within a week
	}
	return look, withheldWords(r.State) + r.Reason.Words()
}

// withheldWords introduces the reason for what did not arrive.
func withheldWords(s gateway.State) string {
	switch s {
	case gateway.Withdrawn:
		return "not sent: "
	case gateway.Held:
		return "held: "
	case gateway.Refused:
		return "refused: "
	case gateway.Undelivered:
		return "not delivered: "
	case gateway.Unknown:
		return "fate not known yet: "
	case gateway.Failed:
		return "given up: "
	case gateway.Queued, gateway.Claimed, gateway.Sending, gateway.Accepted, gateway.Delivered:
	}
	return ""
}

func dueWords(due, now time.Time) string {
	switch left := due.Sub(now).Round(time.Second); {
	case left <= 0:
		return "now"
	case left < 100*time.Second:
		return fmt.Sprintf("in %d s", int(left.Seconds()))
	case demoDate(due) == demoDate(now):
		return "today " + demoClock(due)
	}
	return due.In(gateway.London()).Format("Mon 2 Jan ") + demoClock(due)
}

// phones gives every phone that a text came to or from, the one with the newest
// text first; on each the texts in order, as a phone shows them.
func (p *demoPage) phones(ctx context.Context) ([]demoPhone, error) {
	by := map[string]*demoPhone{}
	add := func(n string, b demoBubble) {
		f := by[n]
		if f == nil {
			f = &demoPhone{ID: phoneID(n), Number: n}
			by[n] = f
		}
		b.Time = demoStamp(b.at)
		f.Bubbles = append(f.Bubbles, b)
	}
	for n, texts := range p.twilio.Phones() {
		for _, t := range texts {
			b := demoBubble{ID: t.MessageID, Kind: "reminder", Label: "Reminder, delivered", Body: t.Body, at: t.At}
			if code := demoCode.FindStringSubmatch(t.Body); code != nil {
				b.Code = code[1]
			}
			switch {
			case t.Automatic:
				b.Kind, b.Label = "automatic", "Twilio's own answer"
			case t.Answer:
				b.Kind, b.Label = "answer", "Bellman's answer"
			}
			add(n, b)
		}
	}
	for _, s := range p.saidSoFar() {
		add(s.from, demoBubble{ID: s.sid, Kind: "patient", Label: "Patient", Body: s.body, at: s.at})
	}
	if err := p.mark(ctx, by); err != nil {
		return nil, err
	}
	_, owners := p.names()
	out := make([]demoPhone, 0, len(by))
	for _, n := range slices.Sorted(maps.Keys(by)) {
		f := by[n]
		f.Owner = cmp.Or(owners[n], "No patient of this surgery")
		slices.SortStableFunc(f.Bubbles, func(a, b demoBubble) int { return a.at.Compare(b.at) })
		f.last = f.Bubbles[len(f.Bubbles)-1].at
		out = append(out, *f)
	}
	slices.SortStableFunc(out, func(a, b demoPhone) int { return b.last.Compare(a.last) })
	return out, nil
}

// demoCode finds the visit's code in a text, as its reader does.
var demoCode = regexp.MustCompile(`reply CANCEL ([0-9]{4})\.`)

// mark says of each phone whether it may be texted.
func (p *demoPage) mark(ctx context.Context, by map[string]*demoPhone) error {
	outs, err := p.store.OptOuts(ctx, demoODS)
	if err != nil {
		return err
	}
	for _, o := range outs {
		if f := by[o.Number.Reveal()]; f != nil {
			f.Marks = append(f.Marks, "Opted out "+demoStamp(o.Since))
		}
	}
	for n, f := range by {
		if p.twilio.Blocked(demoSender, n) {
			f.Marks = append(f.Marks, "Blocked at Twilio")
		}
	}
	return nil
}

func (p *demoPage) saidSoFar() []demoSaid {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.said)
}
