package inbox

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"

	"bellman/gateway"
)

// The paths that the provider calls, below the public address.
const (
	InboundPath = "/twilio/inbound"
	StatusPath  = "/twilio/status"
)

const maxBody = 64 << 10

// Handler is the public door: the provider's webhooks and nothing else. Every
// answer is text/xml, also to a call that is refused: Twilio would text the words
// of a text/plain answer to the patient.
func (in *Inbox) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+InboundPath, in.inbound)
	mux.HandleFunc("POST "+StatusPath, in.status)
	for path, status := range map[string]int{InboundPath: http.StatusMethodNotAllowed, StatusPath: http.StatusMethodNotAllowed, "/": http.StatusNotFound} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { answer(w, status, gateway.Text{}) })
	}
	return mux
}

// twiml is the provider's answer form: a message to the sender, or nothing.
type twiml struct {
	XMLName xml.Name `xml:"Response"`
	Message string   `xml:"Message,omitempty"`
}

func answer(w http.ResponseWriter, status int, t gateway.Text) {
	b, err := xml.Marshal(twiml{Message: t.Reveal()})
	if err != nil {
		b = []byte("<Response></Response>")
	}
	b = append([]byte(xml.Header), b...)
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// body reads a call's body, or answers that it is too much.
func (in *Inbox) body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		in.refuse(w, http.StatusBadRequest, "unreadable")
		return nil, false
	}
	return b, true
}

func (in *Inbox) refuse(w http.ResponseWriter, status int, why string) {
	in.o.Metrics.rejected.WithLabelValues(why).Inc()
	answer(w, status, gateway.Text{})
}

// parseFailed answers a call that could not be read.
func (in *Inbox) parseFailed(w http.ResponseWriter, err error) {
	if errors.Is(err, in.o.Forged) {
		in.refuse(w, http.StatusForbidden, "signature")
		return
	}
	in.refuse(w, http.StatusBadRequest, "malformed")
}

const signatureHeader = "X-Twilio-Signature"

func (in *Inbox) inbound(w http.ResponseWriter, r *http.Request) {
	b, ok := in.body(w, r)
	if !ok {
		return
	}
	m, err := in.o.Webhooks.ParseInbound(r.URL.RawQuery, r.Header.Get(signatureHeader), b)
	if err != nil {
		in.parseFailed(w, err)
		return
	}
	p, known := in.bySender[m.To]
	switch {
	case !known:
		in.refuse(w, http.StatusOK, "unknown_sender")
		return
	case m.From.IsZero():
		in.refuse(w, http.StatusOK, "not_a_number")
		return
	}
	got, err := in.take(r.Context(), p, m)
	if err != nil {
		in.o.Log.Error("keep a patient's answer; the provider is asked to send it again", "practice", p.ODS, "error", err)
		answer(w, http.StatusServiceUnavailable, gateway.Text{})
		return
	}
	answer(w, http.StatusOK, got.text)
	if got.then != nil {
		handed := r.Context().Err() == nil && http.NewResponseController(w).Flush() == nil
		got.then(handed)
	}
}

func (in *Inbox) status(w http.ResponseWriter, r *http.Request) {
	b, ok := in.body(w, r)
	if !ok {
		return
	}
	receipt, err := in.o.Webhooks.ParseStatus(r.URL.RawQuery, r.Header.Get(signatureHeader), b)
	if err != nil {
		in.parseFailed(w, err)
		return
	}
	if _, known := in.byODS[receipt.Reminder.Practice]; !known {
		in.refuse(w, http.StatusOK, "unknown_reminder")
		return
	}
	err = in.Receive(r.Context(), receipt)
	switch {
	case errors.Is(err, ErrNoReminder):
		in.refuse(w, http.StatusOK, "unknown_reminder")
		return
	case err != nil:
		in.o.Log.Error("keep a receipt; the provider is asked to send it again", "reminder", receipt.Reminder.String(), "error", err)
		answer(w, http.StatusServiceUnavailable, gateway.Text{})
		return
	}
	answer(w, http.StatusOK, gateway.Text{})
}
