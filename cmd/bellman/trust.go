package main

import (
	"net/http"
	"strings"

	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/message"
)

// trusted is what the page for patients says of one practice. Everything is from
// the configuration, and the patient of the example is invented.
type trusted struct {
	ODS, Name, Phone string
	Sender           string // as it stands in texts' headers
	Local            string // the same as it is dialled in the United Kingdom, "" for a name
	Replies          bool   // the sender can be answered
	Names            bool   // texts may greet by first name
	Places           bool   // texts may name the place
	Cancels          bool   // texts tell how to cancel by an answer
	Wales            bool
	Example          []string // by line: one a language
	Cost             gateway.Cost
	Complaints       string // "": ring the practice
}

func trustedOf(p configs.Practice) trusted {
	x := p.Policy.Extras
	t := trusted{
		ODS: string(p.ODS), Name: p.Name, Phone: p.Phone, Sender: p.Sender, Replies: message.CanReceive(p.Sender),
		Names: x.FirstName, Places: len(x.Sites) > 0, Cancels: x.CancelByText, Wales: p.Nation == gateway.Wales,
		Cost: x.Cost, Complaints: p.Complaints,
	}
	if rest, british := strings.CutPrefix(p.Sender, "+44"); british {
		t.Local = "0" + rest
	}
	if words, err := message.Example(p.Practice); err == nil {
		t.Example = strings.Split(words, "\n")
	}
	return t
}

// trust shows every practice.
func (s *service) trust(w http.ResponseWriter, _ *http.Request) { showTrust(w, s.cfg.Practices) }

// trustOf shows one practice, so that it can link to a page of its own.
func (s *service) trustOf(w http.ResponseWriter, r *http.Request) {
	all, err := named(s.cfg, r.PathValue("practice"))
	if err != nil || len(all) != 1 {
		notThere(w, r)
		return
	}
	showTrust(w, all)
}

func showTrust(w http.ResponseWriter, practices []configs.Practice) {
	all, welsh := make([]trusted, 0, len(practices)), false
	for _, p := range practices {
		t := trustedOf(p)
		all, welsh = append(all, t), welsh || t.Wales
	}
	page(w, "trust.html", map[string]any{"Practices": all, "Welsh": welsh})
}
