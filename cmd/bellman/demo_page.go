package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/number"
)

// demoPage is the demo's one page. Unlike every other page of Bellman it shows
// names, numbers and texts: all of them are invented.
type demoPage struct {
	*demo
	mu   sync.Mutex
	said []demoSaid // what patients wrote, oldest first
}

// demoSaid is a text that somebody wrote on the page as a patient.
type demoSaid struct {
	at              time.Time
	from, body, sid string
}

// pageHandler is the page of the demo, what it asks for every second, and what
// its buttons do.
func (d *demo) pageHandler() http.Handler {
	p := &demoPage{demo: d}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { p.show(w, r, "") })
	mux.HandleFunc("GET /state", p.state)
	mux.HandleFunc("GET /demo.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		http.ServeFileFS(w, r, pageFiles, "pages/demo.js")
	})
	mux.HandleFunc("POST /visits", p.act(p.book))
	mux.HandleFunc("POST /visits/{slot}/move", p.act(p.move))
	mux.HandleFunc("POST /visits/{slot}/cancel", p.act(p.cancel))
	mux.HandleFunc("POST /visits/{slot}/restore", p.act(p.restore))
	mux.HandleFunc("POST /people/{id}", p.act(p.person))
	mux.HandleFunc("POST /phones", p.act(p.reply))
	// A page of somebody else's must not press our buttons.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "this was asked for by another site's page; nothing was done", http.StatusForbidden)
	}))
	return guard.Handler(mux)
}

// demoDone is what an action says when it is done, and where on the page to look.
type demoDone struct {
	Words string `json:"words"`
	At    string `json:"at,omitempty"` // the id of an element
}

// demoRefusal is an action that was not done: why, in words, and the HTTP status.
type demoRefusal struct {
	status int
	words  string
}

func (r demoRefusal) Error() string { return r.words }

func refuse(words string) error { return demoRefusal{http.StatusBadRequest, words} }

// act makes a handler of an action. The page's script is answered in JSON; a
// browser without scripts gets the page again, with what went wrong on it.
func (p *demoPage) act(do func(*http.Request) (demoDone, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 8<<10)
		got, err := do(r)
		status := http.StatusOK
		if err != nil {
			status, got = http.StatusInternalServerError, demoDone{Words: "that could not be done"}
			var no demoRefusal
			if errors.As(err, &no) {
				status, got.Words = no.status, no.words
			}
		}
		switch {
		case r.Header.Get("Accept") == "application/json":
			demoJSON(w, status, got)
		case err != nil:
			p.show(w, r, got.Words)
		default:
			http.Redirect(w, r, "/#"+got.At, http.StatusSeeOther)
		}
	}
}

func demoJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// The longest and the shortest time until a booked visit's reminder: the diary is
// read every second, and what is due before it was read is not owed.
const (
	demoSoonest = 2
	demoLatest  = 3600
)

// book puts a visit into the diary whose reminder of one day before falls due in
// so many seconds.
func (p *demoPage) book(r *http.Request) (demoDone, error) {
	id, err := strconv.Atoi(r.FormValue("person"))
	person, ok := p.diary.Person(id)
	if err != nil || !ok {
		return demoDone{}, refuse("choose a patient")
	}
	seconds, err := strconv.Atoi(strings.TrimSpace(r.FormValue("seconds")))
	if err != nil || seconds < demoSoonest || seconds > demoLatest {
		return demoDone{}, refuse(fmt.Sprintf("write whole seconds from %d to %d", demoSoonest, demoLatest))
	}
	due := p.clock.Now().In(gateway.London()).Truncate(time.Second).Add(time.Duration(seconds) * time.Second)
	slot := p.diary.Book(surgery.Visit{Person: id, Start: due.AddDate(0, 0, 1).UTC(), Site: 5, Mode: gateway.ModeInPerson})
	return demoDone{"booked for " + demoName(person) + "; the text is due in " + strconv.Itoa(seconds) + " seconds", visitID(slot)}, nil
}

func visitID(slot int) string { return "visit-" + strconv.Itoa(slot) }

// visit finds the visit that an action is about.
func (p *demoPage) visit(r *http.Request) (surgery.Visit, error) {
	slot, err := strconv.Atoi(r.PathValue("slot"))
	v, ok := p.diary.Visit(slot)
	if err != nil || !ok {
		return v, demoRefusal{http.StatusNotFound, "there is no such visit in the diary"}
	}
	return v, nil
}

// wallForms are how a browser writes a date and time.
var wallForms = []string{"2006-01-02T15:04", "2006-01-02T15:04:05"}

// move gives a visit another start: a day later, or the London time written.
func (p *demoPage) move(r *http.Request) (demoDone, error) {
	v, err := p.visit(r)
	if err != nil {
		return demoDone{}, err
	}
	start := v.Start.In(gateway.London()).AddDate(0, 0, 1)
	if r.FormValue("by") != "day" {
		if start, err = readWall(r.FormValue("start")); err != nil {
			return demoDone{}, err
		}
	}
	if !start.After(p.clock.Now()) {
		return demoDone{}, refuse("that time has passed; choose one to come")
	}
	p.diary.Move(v.Slot, start.UTC())
	return demoDone{"moved to " + local(start), visitID(v.Slot)}, nil
}

func readWall(s string) (time.Time, error) {
	for _, form := range wallForms {
		w, err := time.Parse(form, s)
		if err != nil {
			continue
		}
		t, doubt := gateway.FromWall(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second())
		if doubt != gateway.NoDoubt {
			return t, refuse("the clocks change in that hour; choose another time")
		}
		return t, nil
	}
	return time.Time{}, refuse("write a date and a time")
}

func (p *demoPage) cancel(r *http.Request) (demoDone, error) {
	v, err := p.visit(r)
	if err != nil {
		return demoDone{}, err
	}
	p.diary.Cancel(v.Slot)
	return demoDone{"cancelled in the diary", visitID(v.Slot)}, nil
}

// restore books a cancelled visit again.
func (p *demoPage) restore(r *http.Request) (demoDone, error) {
	v, err := p.visit(r)
	if err != nil {
		return demoDone{}, err
	}
	p.diary.Change(v.Slot, func(v *surgery.Visit) { v.Status = gateway.StatusBooked })
	return demoDone{"booked again", visitID(v.Slot)}, nil
}

// person changes what the surgery has on record of a patient.
func (p *demoPage) person(r *http.Request) (demoDone, error) {
	id, err := strconv.Atoi(r.PathValue("id"))
	person, ok := p.diary.Person(id)
	if err != nil || !ok {
		return demoDone{}, demoRefusal{http.StatusNotFound, "there is no such patient"}
	}
	now := p.clock.Now()
	did := ""
	switch r.FormValue("set") {
	case "died":
		person.Died, did = now, "recorded as deceased"
	case "alive":
		person.Died, did = time.Time{}, "no longer recorded as deceased"
	case "left":
		person.Deducted, did = now, "recorded as having left the practice"
	case "back":
		person.Deducted, did = time.Time{}, "registered again"
	case "mobile":
		mobile := strings.TrimSpace(r.FormValue("mobile"))
		if len(mobile) > 60 {
			return demoDone{}, refuse("the mobile field takes at most 60 letters")
		}
		person.Mobile, did = mobile, "the mobile field was changed"
	default:
		return demoDone{}, refuse("say what to change")
	}
	p.diary.Edit(id, func(was *surgery.Person) { *was = person })
	return demoDone{demoName(person) + ": " + did, r.FormValue("at")}, nil
}

// reply sends what a patient writes to the practice, through the simulated
// Twilio and Bellman's public door.
func (p *demoPage) reply(r *http.Request) (demoDone, error) {
	from, kind := number.Parse(r.FormValue("from"), true)
	if kind != gateway.NumberMobile {
		return demoDone{}, refuse("that is no phone of this demo")
	}
	body := cmp.Or(r.FormValue("quick"), strings.TrimSpace(r.FormValue("body")))
	if body == "" || len(body) > 480 {
		return demoDone{}, refuse("write a text of 1 to 480 letters")
	}
	// It is sent whether or not the browser waits: a text cannot be taken back.
	answer := p.twilio.Reply(context.WithoutCancel(r.Context()), from.Reveal(), demoSender, body)
	p.mu.Lock()
	p.said = append(p.said, demoSaid{p.clock.Now(), from.Reveal(), body, answer.MessageID})
	p.mu.Unlock()
	if answer.Status/100 != 2 {
		return demoDone{}, demoRefusal{http.StatusBadGateway, "Bellman did not take the text; a real Twilio would tell nobody"}
	}
	return demoDone{"sent to the surgery", phoneID(from.Reveal())}, nil
}

func phoneID(n string) string { return "phone-" + strings.TrimPrefix(n, "+") }

func demoName(p surgery.Person) string { return strings.TrimSpace(p.Given + " " + p.Family) }

// show writes the whole page.
func (p *demoPage) show(w http.ResponseWriter, r *http.Request, trouble string) {
	v, err := p.view(r.Context())
	if err != nil {
		http.Error(w, "redis cannot be reached", http.StatusServiceUnavailable)
		return
	}
	v.Trouble = trouble
	page(w, "demo.html", v)
}

// demoParts are the parts of the page that change, by the id of their element.
var demoParts = []string{"head", "diary", "phones", "reasons"}

// state answers the page's script: the same facts as on the page, and its parts
// as they look now.
func (p *demoPage) state(w http.ResponseWriter, r *http.Request) {
	v, err := p.view(r.Context())
	if err != nil {
		demoJSON(w, http.StatusServiceUnavailable, demoDone{Words: "redis cannot be reached"})
		return
	}
	v.HTML = map[string]template.HTML{}
	for _, part := range demoParts {
		var b bytes.Buffer
		if err := pages.ExecuteTemplate(&b, "demo-"+part, v); err != nil {
			demoJSON(w, http.StatusInternalServerError, demoDone{Words: "the page cannot be shown"})
			return
		}
		v.HTML[part] = template.HTML(b.String()) //nolint:gosec // made by html/template in this moment
	}
	demoJSON(w, http.StatusOK, v)
}
