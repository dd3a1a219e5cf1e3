package door

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
)

// most is how many bytes of a request are read.
const most = 1 << 16

const nothing = "there is nothing with this id"

// Faults adds GET and POST /sim/faults to a mux. What is posted is a JSON object that
// is laid over the faults that are set; an unknown name is refused.
func Faults[F any](mux *http.ServeMux, faults func() F, set func(F)) {
	mux.HandleFunc("GET /sim/faults", func(w http.ResponseWriter, _ *http.Request) { JSON(w, faults()) })
	mux.HandleFunc("POST /sim/faults", func(w http.ResponseWriter, r *http.Request) {
		f := faults()
		if Decode(w, r, &f, "the faults that GET /sim/faults lists") {
			set(f)
			JSON(w, faults())
		}
	})
}

// Decode lays the one JSON object that a request holds over a value. It refuses, and
// reports false, when there is anything else or a name that the value has not; the
// value may then be half changed. names tells the person which names there are.
func Decode(w http.ResponseWriter, r *http.Request, into any, names string) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err != nil || d.Decode(into) != nil || d.More() {
		Refuse(w, "this is not a JSON object of "+names)
		return false
	}
	return true
}

// Form reads the fields of a form, or refuses it and reports false.
func Form(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	r.Body = http.MaxBytesReader(w, r.Body, most)
	if r.ParseForm() != nil {
		Refuse(w, "the form cannot be read")
		return nil, false
	}
	return r.Form, true
}

// JSON answers with a value.
func JSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// Done answers an order that was carried out, or whose object there is not.
func Done(w http.ResponseWriter, ok bool) {
	if !ok {
		http.Error(w, nothing, http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Refuse answers an order that is not understood.
func Refuse(w http.ResponseWriter, why string) { http.Error(w, why, http.StatusBadRequest) }
