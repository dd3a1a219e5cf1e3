package twiliosim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// settings is the JSON of /sim/faults.
type settings struct {
	Script   []Fault           `json:"script"`
	Rates    map[Fault]float64 `json:"rates"`
	Receipts Mischief          `json:"receipts"`
	Known    []Fault           `json:"known,omitempty"`
}

// controls is the door for a person with curl:
//
//	GET  /sim/phones                            what arrived at every phone
//	POST /sim/reply    from= to= body=          a patient texts a practice
//	GET  /sim/faults, POST /sim/faults {json}   script, rates, receipts
//	POST /sim/fate     number= code= arrives=   what becomes of texts to a number
//	POST /sim/senders  number= inbound_url=     a sender, and where answers to it go
//	GET  /sim/counts                            counters
func (s *Sim) controls() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sim/phones", func(w http.ResponseWriter, _ *http.Request) { show(w, s.Phones()) })
	mux.HandleFunc("GET /sim/counts", func(w http.ResponseWriter, _ *http.Request) { show(w, s.Counts()) })
	mux.HandleFunc("GET /sim/faults", func(w http.ResponseWriter, _ *http.Request) { show(w, s.settings()) })
	mux.HandleFunc("POST /sim/faults", s.setFaults)
	mux.HandleFunc("POST /sim/reply", func(w http.ResponseWriter, r *http.Request) {
		show(w, s.Reply(r.Context(), r.FormValue("from"), r.FormValue("to"), r.FormValue("body")))
	})
	mux.HandleFunc("POST /sim/senders", func(w http.ResponseWriter, r *http.Request) {
		s.AddSender(Sender{Number: r.FormValue("number"), InboundURL: r.FormValue("inbound_url")})
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /sim/fate", func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.FormValue("code"))
		if err != nil {
			http.Error(w, "code must be a number", http.StatusBadRequest)
			return
		}
		s.SetFate(r.FormValue("number"), Fate{Code: code, Arrives: r.FormValue("arrives") == "true"})
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func (s *Sim) settings() settings {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return settings{Script: slices.Clone(s.faults.script), Rates: s.faults.rates, Receipts: s.faults.mischief, Known: Faults}
}

// setFaults replaces rates and receipts, and adds to the script.
func (s *Sim) setFaults(w http.ResponseWriter, r *http.Request) {
	var v settings
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		http.Error(w, "not understood: want {\"script\":[],\"rates\":{},\"receipts\":{}}", http.StatusBadRequest)
		return
	}
	if err := s.SetRates(v.Rates); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := s.Script(v.Script...); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.SetMischief(v.Receipts)
	show(w, s.settings())
}

func show(w http.ResponseWriter, v any) {
	w.Header()["Content-Type"] = jsonType
	_ = json.NewEncoder(w).Encode(v)
}
