package emis_test

import (
	"errors"
	"strings"
	"testing"

	"bellman/adapters/adaptertest"
	"bellman/adapters/emis"
	"bellman/adapters/emis/emissim"
	"bellman/gateway"
)

func TestAnEmptyListIsCompleteHoweverItIsTold(t *testing.T) {
	for what, f := range map[string]emissim.Faults{"as a list": {Empty: true}, "as 404 with outcome 3": {Empty: true, EmptyAs404: true}} {
		for _, format := range formats {
			s := play(t, monday, in(format), nil)
			s.book(monday.AddDate(0, 0, 7))
			s.sim.SetFaults(f)
			if feed := s.read(t); !feed.Complete || len(feed.Appointments) != 0 {
				t.Errorf("%s in %s: complete %t, %d appointments", what, format, feed.Complete, len(feed.Appointments))
			}
		}
	}
	for format, lists := range map[string][]string{
		emis.FormatJSON: {`{"bookedList":null}`, `{"bookedList":[],"time":null}`, `{"time":"08:55"}`},
		emis.FormatXML:  {`<BookedPatients/>`, `<A><BookedList/></A>`, `<A><Time>08:55</Time></A>`},
	} {
		for _, list := range lists {
			if feed := saying(t, format, map[string]string{pathBooked: list}).read(t); !feed.Complete || len(feed.Appointments) != 0 {
				t.Errorf("%s: complete %t, %d appointments", list, feed.Complete, len(feed.Appointments))
			}
		}
	}
}

func TestAnswersThatAreNotTheWholeListAreErrors(t *testing.T) {
	jsonList, xmlList := bookedJSON(patientRowJSON("")), bookedXML(patientRowXML(""))
	for format, bodies := range map[string][]string{
		emis.FormatJSON: {"", "null", "{}", "[]", `"x"`, xmlList, jsonList + "x", `{"messageId":"1","legacyOutcome":-1}`, `{"bookedList":{"a":1}}`, `{"bookedList":7}`},
		emis.FormatXML: {
			"", "plain words", "<html><body>Sign in</body></html>", "<ErrorResponse><LegacyOutcome>-1</LegacyOutcome></ErrorResponse>", jsonList,
			xmlList + "<More/>", xmlList + "words", `<?xml version="1.0" encoding="utf-16"?><BookedPatients/>`, "words" + xmlList,
		},
	} {
		for i, body := range bodies {
			f := saying(t, format, map[string]string{pathBooked: body})
			if feed, err := f.adapter.Read(t.Context(), f.span); err == nil || feed.Complete {
				t.Errorf("%s, answer %d was taken for a list of %d", format, i, len(feed.Appointments))
			}
		}
	}
	// Wherever it breaks off.
	for n := range len(jsonList) {
		f := saying(t, emis.FormatJSON, map[string]string{pathBooked: jsonList[:n]})
		if _, err := f.adapter.Read(t.Context(), f.span); err == nil {
			t.Errorf("JSON of %d of %d bytes was taken", n, len(jsonList))
		}
	}
	for n := range len(xmlList) {
		f := saying(t, emis.FormatXML, map[string]string{pathBooked: xmlList[:n]})
		if _, err := f.adapter.Read(t.Context(), f.span); err == nil {
			t.Errorf("XML of %d of %d bytes was taken", n, len(xmlList))
		}
	}
}

func TestAnErrorHoldsHostAndStatusOnly(t *testing.T) {
	for _, format := range formats {
		for _, f := range []emissim.Faults{{Status: 500}, {Status: 404}, {Status: 400}, {Status: 415}, {Status: 503}, {Truncate: true}, {Page: true}, {DenyToken: true}, {Status: 401}} {
			s := play(t, monday, in(format), nil)
			a := s.one(t)
			s.sim.SetFaults(f)
			if f.DenyToken {
				s.sim.ExpireTokens()
			}
			_, err := s.adapter.Read(t.Context(), s.span)
			_, errAgain := s.adapter.Reread(t.Context(), a)
			if err == nil || errAgain == nil {
				t.Fatalf("no error with %+v", f)
			}
			slot, _, _ := strings.Cut(string(a.ID), "-") // too large to be a port
			secrets := append(adaptertest.Secrets(s.diary), clientSecret, clientID, applicationID, slot, organisation,
				"appointments/", "minutesWithin", "patientNumber", "Simulated fault")
			adaptertest.AssertQuiet(t, secrets, err.Error(), errAgain.Error())
			if f.Status >= 400 && !strings.Contains(err.Error(), " answered ") {
				t.Errorf("%v does not say what the host answered", err)
			}
			if (f.DenyToken || f.Status == 401) != errors.Is(err, gateway.ErrSourceDenied) {
				t.Errorf("denied or not is told wrongly: %v", err)
			}
		}
	}
}
