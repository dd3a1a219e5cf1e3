package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bellman/gateway"
	"bellman/gateway/number"
	"bellman/gateway/store"
)

// demoEvent is one line of what happened lately.
type demoEvent struct {
	At    int64  `json:"at"` // Unix seconds
	Time  string `json:"time"`
	Who   string `json:"who"`
	Look  string `json:"look"`
	Words string `json:"words"`

	rank int // how far along in a reminder's life
}

// demoRecent bounds the events that the page shows.
const demoRecent = 50

// leaving are the states between waiting and arriving, which pass within a second.
var leaving = []gateway.State{gateway.Claimed, gateway.Sending, gateway.Accepted}

// events tells what happened lately, the newest first, from the stories that
// `bellman explain` tells and the replies that Bellman keeps. What happened to
// several visits in the same second is one line.
func (p *demoPage) events(ctx context.Context, all []store.Kept) ([]demoEvent, error) {
	var out []demoEvent
	byID, byNumber := p.names()
	for _, k := range all {
		story, err := p.store.Story(ctx, demoODS, k.Ref)
		if err != nil {
			return nil, err
		}
		for _, e := range story {
			ev := demoEvent{At: e.At.Unix(), Who: byID[k.Facts.Appointment.Patient.ID], Look: lookPlain}
			switch e.What {
			case store.EventReply, store.EventChanged:
				continue
			case store.EventCancel:
				if e.Cancel == gateway.CancelAsked { // what came of it is told
					continue
				}
				ev.Words = eventLine(e).words
			case store.EventReminder:
				// How a text left is told in the same breath as that it arrived.
				if slices.Contains(leaving, e.To) {
					continue
				}
				ev.Look, ev.rank = demoLook(e.To), slices.Index(gateway.States, e.To)
				ev.Words = "reminder " + leadWords(e.Rule) + ": " + eventWords(e.To, e.Reason)
			case store.EventMoved:
				ev.Words = eventLine(e).words
			}
			out = append(out, ev)
		}
	}
	replies, err := p.store.Replies(ctx, demoODS)
	if err != nil {
		return nil, err
	}
	for _, r := range replies {
		from := r.From.Reveal()
		out = append(out, demoEvent{
			At: r.At.Unix(), Who: cmp.Or(byNumber[from], from), Look: lookPlain, Words: fmt.Sprintf("wrote “%s”: %s", r.Text.Reveal(), replyWords(r.Kind)),
		})
	}
	return gatherEvents(out), nil
}

// names gives the patients by the id that the clinical system has for them, and
// by number.
func (p *demoPage) names() (map[gateway.PatientID]string, map[string]string) {
	byID, byNumber := map[gateway.PatientID]string{}, map[string]string{}
	for _, m := range p.diary.People() {
		byID[gateway.PatientID(strconv.Itoa(m.ID))] = demoName(m)
		if n, kind := number.Parse(m.Mobile, true); kind == gateway.NumberMobile {
			byNumber[n.Reveal()] = strings.TrimPrefix(byNumber[n.Reveal()]+" and "+demoName(m), " and ")
		}
	}
	return byID, byNumber
}

// eventWords says what happened to a reminder.
func eventWords(s gateway.State, why gateway.Reason) string {
	switch s {
	case gateway.Delivered:
		return "delivered to the phone"
	case gateway.Queued:
		return "waiting again"
	case gateway.Claimed, gateway.Sending, gateway.Accepted:
		return s.String()
	case gateway.Held, gateway.Withdrawn, gateway.Refused, gateway.Undelivered, gateway.Unknown, gateway.Failed:
	}
	return withheldWords(s) + why.Words()
}

// replyWords says what Bellman made of a reply.
func replyWords(k gateway.ReplyKind) string {
	switch k {
	case gateway.ReplyStop:
		return "read as STOP. Nothing more is texted to this number"
	case gateway.ReplyStart:
		return "read as START. This number may be texted again"
	case gateway.ReplyHelp:
		return "read as a call for help with the texts"
	case gateway.ReplyCancel:
		return "read as a wish to cancel. Only CANCEL with the visit's code cancels it; whatever else is said, reception decides"
	case gateway.ReplyConfirm:
		return "read as a confirmation"
	case gateway.ReplyWrong:
		return "read as somebody else's phone. Nothing more is texted to it; reception finds the right number"
	case gateway.ReplyUnsure:
		return "looks like STOP. Nothing is texted until a person has read it"
	case gateway.ReplyOther:
	}
	return "left for a person to read"
}

// gatherEvents sorts events, the newest first, and makes one line of those that say the
// same of several visits in the same second.
func gatherEvents(all []demoEvent) []demoEvent {
	slices.SortStableFunc(all, func(a, b demoEvent) int {
		return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.rank, a.rank), strings.Compare(a.Words, b.Words), strings.Compare(a.Who, b.Who))
	})
	var out []demoEvent
	for i := 0; i < len(all) && len(out) < demoRecent; {
		n := i
		for n < len(all) && all[n].At == all[i].At && all[n].Words == all[i].Words {
			n++
		}
		e := all[i]
		if n-i > 1 {
			e.Who = fmt.Sprintf("%d visits", n-i)
		}
		e.Time = demoStamp(time.Unix(e.At, 0))
		out = append(out, e)
		i = n
	}
	return out
}
