package main

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"bellman/gateway"
	"bellman/gateway/inbox"
)

//go:embed pages/*
var pageFiles embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{"local": local}).ParseFS(pageFiles, "pages/*.html", "pages/*.css"))

// publicHandler is the door that the world sees: the provider's webhooks, and the
// page that says who texts patients and how to stop it, for all practices or one.
func (s *service) publicHandler(in *inbox.Inbox) http.Handler {
	mux := http.NewServeMux()
	hooks := in.Handler()
	mux.Handle(inbox.InboundPath, hooks)
	mux.Handle(inbox.StatusPath, hooks)
	mux.HandleFunc("GET /trust", s.trust)
	mux.HandleFunc("GET /trust/{practice}", s.trustOf)
	mux.HandleFunc("/", notThere)
	return mux
}

// notThere answers what the public door does not have. Never text/plain: a webhook
// that is set to a wrong path would text it.
func notThere(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte("<Response></Response>"))
}

// staffHandler is the console: what waits and what was withheld, without anything
// that names a patient.
func (s *service) staffHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.console)
	return mux
}

type consolePractice struct {
	Name, ODS  string
	Feed       string
	Unreadable int
	OptOuts    int
	Unread     int    // replies that wait for a person
	Waits      string // how long the oldest has
	States     []consoleCount
	Rows       []queueRow
}

type consoleCount struct {
	State string
	N     int
}

func (s *service) console(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	counts, err := s.store.Counts(ctx, s.codes())
	optouts, err2 := s.store.OptOutCounts(ctx, s.codes())
	unread, err3 := s.store.Unread(ctx, s.codes())
	if errors.Join(err, err2, err3) != nil {
		http.Error(w, "redis cannot be reached", http.StatusServiceUnavailable)
		return
	}
	view := map[string]any{"Hold": s.store.InHold(), "Mode": string(s.cfg.Mode)}
	var all []consolePractice
	for _, p := range s.cfg.Practices {
		c := consolePractice{Name: p.Name, ODS: string(p.ODS), OptOuts: optouts[p.ODS], Unread: unread[p.ODS].Replies, Feed: "never read"}
		if whole, inHours := unread[p.ODS].Age(p.Practice, s.clock.Now()); c.Unread > 0 {
			c.Waits = fmt.Sprintf("%s, of which %s within the practice's hours", whole.Truncate(time.Minute), inHours.Truncate(time.Minute))
		}
		if f, err := s.store.Feed(ctx, p.ODS); err == nil && !f.AsOf.IsZero() {
			c.Feed, c.Unreadable = local(f.AsOf), f.Unreadable
		}
		for _, st := range gateway.States {
			c.States = append(c.States, consoleCount{st.String(), counts[p.ODS][st]})
		}
		rows, err := s.queued(ctx, p)
		if err != nil {
			s.log.Warn("read the queue for the console", "practice", p.ODS, "error", err)
		}
		for i := range rows {
			rows[i].line = reasonWords(rows[i].Reason)
		}
		c.Rows = rows
		all = append(all, c)
	}
	view["Practices"] = all
	page(w, "console.html", view)
}

// Words gives a row's reason as reception reads it.
func (r queueRow) Words() string { return r.line }

func reasonWords(label string) string {
	for _, r := range gateway.Reasons() {
		if r.String() == label {
			return r.Words()
		}
	}
	return ""
}

func page(w http.ResponseWriter, name string, data any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	if err := pages.ExecuteTemplate(w, name, data); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
	}
}
