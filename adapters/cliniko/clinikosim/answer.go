package clinikosim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	here       = "{here}" // stands for the address of the API until it is known
	root       = "/v1"
	defaultPer = 50
	mostPer    = 100
	// elsewhere is where ForeignNext points to. Nothing may ever ask there.
	elsewhere = "http://elsewhere.example"
)

// refuse answers with an error. Of Cliniko's only the form of 422 is published; the
// others are made up in its likeness.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"message": message})
}

// invalid answers that a change is not accepted, and for which fields.
func invalid(w http.ResponseWriter, errors map[string]string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusUnprocessableEntity)
	_ = json.NewEncoder(w).Encode(map[string]any{"message": "Validation Failed", "errors": errors})
}

// answer sends JSON with the addresses of this server in it, and what the faults make
// of it.
func answer(w http.ResponseWriter, r *http.Request, f Faults, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "cannot be written")
		return
	}
	body = bytes.ReplaceAll(body, []byte(here), []byte("http://"+r.Host+root))
	if f.Truncate {
		body = body[:len(body)*2/3]
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(body)
}

// shown gives a record's fields as the faults want them.
func shown(r record, f Faults) map[string]any {
	out := maps.Clone(r.fields)
	if f.NoCancelled {
		delete(out, "cancelled_at")
	}
	if _, ok := out["reminder_type"]; ok && f.Channels {
		out["reminders_communication_channels"] = channelsOf(out["reminder_type"].(string))
		delete(out, "reminder_type")
	}
	if phones, ok := out["patient_phone_numbers"].([]any); ok && f.NoNormalized {
		bare := []any{}
		for _, ph := range phones {
			one := maps.Clone(ph.(map[string]any))
			one["normalized_number"] = nil
			bare = append(bare, one)
		}
		out["patient_phone_numbers"] = bare
	}
	if f.OldShapes {
		for k, v := range out {
			if v == nil {
				out[k] = ""
			}
		}
		out["id"] = json.Number(out["id"].(string))
	}
	return out
}

func channelsOf(reminderType string) []int {
	out := []int{}
	if strings.Contains(reminderType, "SMS") {
		out = append(out, 1)
	}
	if strings.Contains(reminderType, "Email") {
		out = append(out, 2)
	}
	return out
}

// listing answers with a page of a list.
func (s *Sim) listing(w http.ResponseWriter, r *http.Request, f Faults, list string, all []record) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		refuse(w, http.StatusBadRequest, "the query cannot be read")
		return
	}
	var filters []filter
	for _, raw := range append(q["q[]"], q["q"]...) {
		one, err := parse(list, raw)
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		filters = append(filters, one)
	}
	if f.Empty {
		all = nil
	}
	found := sieve(all, filters, f.MarkHides)
	arrange(found, q.Get("sort"))
	per := min(atoi(q.Get("per_page"), defaultPer), mostPer)
	if f.PageSize > 0 {
		per = min(per, f.PageSize)
	}
	page := atoi(q.Get("page"), 1)
	rows := []map[string]any{}
	for n, rec := range found {
		if n/per+1 == page {
			rows = append(rows, shown(rec, f))
		}
	}
	if page == 1 && len(rows) > 0 && s.hitsFirst(list) {
		if f.FirstStart != "" {
			rows[0]["starts_at"] = f.FirstStart
		}
		if f.FirstBroken {
			rows[0]["id"] = map[string]any{}
		}
	}
	body := map[string]any{list: rows, "links": links(r, f, page, per, len(found))}
	if !f.NoTotals {
		body["total_entries"] = len(found)
	}
	answer(w, r, f, body)
}

// hitsFirst reports whether the faults of a first record hit this list: that of the
// individual appointments, or of the groups where there is nothing else.
func (s *Sim) hitsFirst(list string) bool {
	if list == "group_appointments" {
		return len(s.look("individual_appointments")) == 0
	}
	return list == "individual_appointments"
}

// links names this page and those beside it, where there are any.
func links(r *http.Request, f Faults, page, per, total int) map[string]any {
	at := func(n int) string {
		q := r.URL.Query()
		q.Del("page")
		// Another order than the caller's, as a server's own would be.
		return fmt.Sprintf("%s%s?page=%d&%s", here, strings.TrimPrefix(r.URL.Path, root), n, q.Encode())
	}
	out := map[string]any{"self": at(page)}
	if page > 1 {
		out["previous"] = at(page - 1)
	}
	if page*per < total {
		out["next"] = at(page + 1)
		switch {
		case f.ForeignNext:
			out["next"] = strings.Replace(at(page+1), here, elsewhere+root, 1)
		case f.CircularNext:
			out["next"] = at(1)
		}
	}
	return out
}

func atoi(s string, fallback int) int {
	if n, err := strconv.Atoi(s); err == nil && n > 0 {
		return n
	}
	return fallback
}
