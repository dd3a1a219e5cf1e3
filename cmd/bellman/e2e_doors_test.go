package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

// The metrics that dashboards and alerts rely on, each with labels that must be
// there from the start, before anything has happened.
var promised = map[string][]string{
	"bellman_appointments_read_total":         {`practice="A81001",source="fhir"`, `outcome="ok"`, `outcome="unreadable"`},
	"bellman_feed_age_seconds":                {`practice="A81001"`},
	"bellman_reminders":                       labelled("state", gateway.States),
	"bellman_reminders_sent_total":            {`practice="A81001"`},
	"bellman_reminders_withheld_total":        labelled("reason", gateway.Reasons()),
	"bellman_reminder_lateness_seconds_count": nil,
	"bellman_send_duration_seconds_count":     nil, // from the first text on
	"bellman_sms_segments_total":              {`practice="A81001"`},
	"bellman_deliveries_total":                {`practice="A81001"`, `status="delivered"`, `status="undelivered"`},
	// Replies that a person must decide on are all "other" there, whatever they look like.
	"bellman_replies_total":          {`practice="A81001"`, `kind="stop"`, `kind="start"`, `kind="help"`, `kind="cancel"`, `kind="confirm"`, `kind="other"`},
	"bellman_optouts_added_total":    {`practice="A81001"`, `by="patient"`, `by="provider"`, `by="unsure"`, `by="wrong_number"`},
	"bellman_optouts":                {`practice="A81001"`},
	"bellman_unexplained":            {`practice="A81001"`},
	"bellman_unknown_outcomes":       {`practice="A81001"`},
	"bellman_webhook_rejected_total": {`reason="signature"`, `reason="malformed"`},
}

func labelled[T fmt.Stringer](label string, values []T) []string {
	out := []string{`practice="A81001"`}
	for _, v := range values {
		out = append(out, fmt.Sprintf("%s=%q", label, v))
	}
	return out
}

func TestTheDoorsKeepTheirPromises(t *testing.T) {
	t.Parallel()
	s := newScene(t, "fhir", london(time.October, 20, 17, 0))
	all := s.booked(london(time.October, 28, 9, 0), 2)
	v := s.live()
	s.metricsFrom(v, "bellman_send_duration_seconds_count")

	// A forged STOP is refused, in a form that nobody texts on, and changes nothing.
	stop := url.Values{"From": {all[0].number}, "To": {sceneSender}, "Body": {"STOP"}, "MessageSid": {"SM00000000000000000000000000000001"}}.Encode()
	refusals := []struct {
		method, path, body string
		status             int
	}{
		{http.MethodPost, "/twilio/inbound", stop, http.StatusForbidden},
		{http.MethodPost, "/twilio/status?r=A81001.x", stop, http.StatusForbidden},
		{http.MethodGet, "/twilio/inbound", "", http.StatusMethodNotAllowed},
		{http.MethodPost, "/twilio/voice", stop, http.StatusNotFound},
		{http.MethodGet, "/metrics", "", http.StatusNotFound},
		{http.MethodGet, "/", "", http.StatusNotFound},
	}
	for _, c := range refusals {
		answer := s.call(c.method, s.public.url+c.path, c.body)
		if !strings.HasPrefix(answer, fmt.Sprint(c.status)) || !strings.Contains(answer, "text/xml") {
			t.Errorf("%s %s was answered with %.60s, want %d in text/xml", c.method, c.path, answer, c.status)
		}
	}
	if out, _ := s.optedOut(all[0]); out {
		t.Error("a forged STOP was believed")
	}
	if n := v.metric("bellman_webhook_rejected_total", `reason="signature"`); n != 2 {
		t.Errorf("%v forged calls were counted, want 2", n)
	}

	for path, says := range map[string][]string{
		"/trust": {"Riverside Surgery", sceneSender, "01632 960001", "STOP"},
	} {
		status, page := v.get("public", path)
		for _, words := range says {
			if status != http.StatusOK || !strings.Contains(strings.ReplaceAll(page, "&#43;", "+"), words) {
				t.Errorf("%s (%d) does not say %q", path, status, words)
			}
		}
	}
	v.hour(london(time.October, 21, 9, 30))
	status, console := v.get("staff", "/")
	for _, words := range []string{"Riverside Surgery", "delivered", fmt.Sprint(all[0].slot)} {
		if status != http.StatusOK || !strings.Contains(console, words) {
			t.Errorf("the console (%d) does not say %q", status, words)
		}
	}
	s.metricsFrom(v, "")
	for name, want := range map[string]float64{
		"bellman_reminders_sent_total": 2, "bellman_sms_segments_total": 2, "bellman_reminder_lateness_seconds_count": 2,
		"bellman_unexplained": 0, "bellman_unknown_outcomes": 0, "bellman_optouts": 0,
	} {
		if got := v.metric(name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if n := v.metric("bellman_deliveries_total", `status="delivered"`); n != 2 {
		t.Errorf("%v deliveries, want 2", n)
	}
	v.stop()
}

// metricsFrom looks for every promised metric and label but one.
func (s *scene) metricsFrom(v *serving, but string) {
	s.t.Helper()
	_, body := v.get("ops", "/metrics")
	lines := strings.Split(body, "\n")
	for name, labels := range promised {
		if name == but {
			continue
		}
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, name+"{") || strings.HasPrefix(l, name+" ") }) {
			s.t.Errorf("there is no metric %s", name)
		}
		for _, label := range labels {
			if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, name+"{") && strings.Contains(l, label) }) {
				s.t.Errorf("the metric %s has no %s", name, label)
			}
		}
	}
}

func TestASTOPThatCannotBeKeptIsAskedForAgain(t *testing.T) {
	t.Parallel()
	r := newRedis(t)
	r.start()
	s := newScene(t, "fhir", london(time.October, 20, 17, 0))
	s.useRedis(r)
	all := s.booked(london(time.October, 28, 9, 0), 1)
	v := s.live()
	r.stop()
	if a := s.twilio.Reply(t.Context(), all[0].number, sceneSender, "no more texts"); a.Status/100 != 5 {
		t.Errorf("a STOP that could not be written down was answered with status %d, want 5xx", a.Status)
	}
	r.start()
	v.awaitReady(http.StatusOK, "ready")
	if a := s.twilio.Reply(t.Context(), all[0].number, sceneSender, "no more texts"); a.Status != http.StatusOK {
		t.Errorf("the STOP that came again was answered with status %d", a.Status)
	}
	if out, by := s.optedOut(all[0]); !out || by != "patient" {
		t.Errorf("the number is opted out: %t, by %q", out, by)
	}
	v.hour(london(time.October, 21, 9, 30))
	if n := count(s.reminders()); n != 0 {
		t.Errorf("%d texts came after the STOP", n)
	}
	v.stop()
}
