package tpp_test

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/adapters/tpp"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// Answers written by hand after the published shapes, independent of the simulator.

// replay is a socket that answers out of testdata.
func replay(t *testing.T) (address string, asked func() []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var requests []string
	var work sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); work.Wait() })
	work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer func() { _ = conn.Close() }()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					mu.Lock()
					requests = append(requests, lines.Text())
					mu.Unlock()
					_, _ = conn.Write([]byte(recorded(t, lines.Text())))
				}
			})
		}
	})
	return l.Addr().String(), func() []string { mu.Lock(); defer mu.Unlock(); return requests }
}

// recorded finds the answer to a request.
func recorded(t *testing.T, request string) string {
	name := "empty"
	switch function := element(request, "Function"); {
	case function == "GetOrganisationMetaData":
		name = "organisation"
	case function == "GetPatientRecord":
		name = "patient-" + element(request, "NhsNumber") + element(request, "PseudoNumber")
	case strings.HasPrefix(element(request, "MinDateTime"), "2027-03-29T"):
		name = "diary-2027-03-29"
	}
	b, err := os.ReadFile(filepath.Join("testdata", name+".xml"))
	if err != nil {
		t.Error("asked for what is not recorded")
		return ""
	}
	return strings.Replace(string(b), "REQUEST", element(request, "RequestUID"), 1)
}

func element(request, name string) string {
	m := regexp.MustCompile("<" + name + ">([^<]*)</" + name + ">").FindStringSubmatch(request)
	if m == nil {
		return ""
	}
	return m[1]
}

func TestARecordedDiaryIsReadAsItsDocumentsSay(t *testing.T) {
	address, asked := replay(t)
	now := time.Date(2027, time.March, 26, 9, 0, 0, 0, time.UTC) // the Friday before the clocks go forward
	a, err := tpp.New(configFor(address), gateway.Surroundings{
		Clock: gatewaytest.NewClock(now), Trial: true, Practice: practice, Shelf: gatewaytest.NewShelf(),
	})
	if err != nil {
		t.Fatal(err)
	}
	feed, err := a.Read(t.Context(), gateway.Span{From: now, To: now.AddDate(0, 0, 7)})
	if err != nil {
		t.Fatal(err)
	}
	if !feed.Complete || len(feed.Unreadable) != 1 || feed.Unreadable[0].Where != "diary of 2027-03-29, patient 3, appointment 2" {
		t.Errorf("complete: %t, unreadable %+v", feed.Complete, feed.Unreadable)
	}
	at := func(hour, minute int) time.Time { return time.Date(2027, time.March, 29, hour, minute, 0, 0, time.UTC) } // an hour behind the wall
	effie := gateway.Patient{
		ID: "84521", Name: gateway.NewName("Effie"), NHSNumber: gateway.NewNHSNumber("9990000018"),
		Mobile: gateway.NewPhone("+447700900118"), MobileKind: gateway.NumberMobile,
		Born: gateway.NewBirth(1960, time.May, 4), Language: gateway.LanguageEnglish,
	}
	session, telephone := gateway.NewClinicName("Session", "Slot"), gateway.NewClinicName("Session", "Telephone Appointment Slot")
	want := []gateway.Appointment{
		{ID: "6510300000000000-84521", Patient: effie, Start: at(13, 15), Site: "Riverside Surgery", Mode: gateway.ModeTelephone, Status: gateway.StatusBooked, Clinic: telephone},
		{ID: "6510300000000001-84521", Patient: effie, Start: at(14, 0), Site: "Riverside Surgery", Status: gateway.StatusCancelled, Clinic: session},
		{Patient: gateway.Patient{
			ID: "84522", Name: gateway.NewName("Tomos"), MobileKind: gateway.NumberMissing, Declined: gateway.FlagUnclear,
			Born: gateway.NewBirth(1989, time.February, 8),
		}, Start: at(7, 50), Site: "Riverside Branch", Status: gateway.StatusBooked, Clinic: gateway.NewClinicName("Bloods", "Slot")},
		{ID: "6510300000000003-84523", Patient: gateway.Patient{
			ID: "84523", Name: gateway.NewName("Mair"), NHSNumber: gateway.NewNHSNumber("9990000026"), Mobile: gateway.NewPhone("+447700900126"),
			MobileKind: gateway.NumberMobile, Deceased: gateway.FlagYes, Left: gateway.FlagYes, Declined: gateway.FlagYes,
			Born: gateway.NewBirth(1931, time.January, 1),
		}, Start: at(8, 0), Site: "Riverside Surgery", Mode: gateway.ModeInPerson, Status: gateway.StatusBooked, Clinic: gateway.NewClinicName("Session", "Slot", "Face to Face")},
	}
	if len(feed.Appointments) != len(want) {
		t.Fatalf("%d appointments, want %d", len(feed.Appointments), len(want))
	}
	for i, w := range want {
		got := feed.Appointments[i]
		if w.ID == "" { // made of the clinic, the site and the start
			if !strings.HasPrefix(string(got.ID), "x") || !strings.HasSuffix(string(got.ID), "-84522") {
				t.Errorf("appointment %d has the id %q", i, got.ID)
			}
			w.ID = got.ID
		}
		if got != w {
			t.Errorf("appointment %d: %+v, want %+v", i, got, w)
		}
	}
	checkRequests(t, asked())
}

// checkRequests looks at what was asked: one line each, in the order of TPP's
// schemas, with an id of its own, and never SystmOne's own identifier of a patient.
func checkRequests(t *testing.T, requests []string) {
	t.Helper()
	form := regexp.MustCompile(`^<ClientIntegrationRequest><APIKey>XQAPIKEY-0001</APIKey><DeviceID>00aa11bb22cc33dd</DeviceID><DeviceVersion>[^<]+</DeviceVersion>` +
		`<RequestUID>(bellman-A81001-[0-9a-f]{8}-\d+)</RequestUID><Function>[A-Za-z]+</Function><FunctionVersion>1\.0</FunctionVersion><FunctionParameters>(.*)</FunctionParameters></ClientIntegrationRequest>$`)
	seen := map[string]bool{}
	days := 0
	for _, r := range requests {
		m := form.FindStringSubmatch(r)
		if m == nil || seen[m[1]] || strings.Contains(r, "8452") || strings.Contains(r, "LeaveRecordOpen") {
			t.Fatal("a request is not as TPP's templates have it")
		}
		seen[m[1]] = true
		if element(r, "Function") == "GetDiary" {
			days++
			if !regexp.MustCompile(`^<MinDateTime>2027-0\d-\d\dT00:00:00</MinDateTime><MaxDateTime>2027-0\d-\d\dT23:59:59</MaxDateTime><Appointments></Appointments>$`).MatchString(m[2]) {
				t.Errorf("a day is asked for with %s", m[2])
			}
		}
	}
	if days != 8 {
		t.Errorf("%d days were asked for, want eight", days)
	}
}
