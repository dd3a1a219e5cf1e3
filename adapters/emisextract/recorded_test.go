package emisextract_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

// Two nights as EMIS would send them, with all columns: the first in Windows-1252
// and with every cell in quotation marks, as public consumers describe it; the
// second with a row that no reader of CSV could make sense of.
func TestTwoRecordedNightsAreReadAsTheyStand(t *testing.T) {
	s := newStage(t)
	files, err := filepath.Glob("testdata/recorded/*.csv")
	if err != nil || len(files) != 16 {
		t.Fatalf("%d recorded files, %v", len(files), err)
	}
	deliver := func(ids string) {
		t.Helper()
		for _, f := range files {
			if name := filepath.Base(f); strings.HasPrefix(name, ids+"_") {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				s.write(name, b)
			}
		}
	}
	deliver("291")
	f := s.tells("1/1 23 Nov 09:10 booked; 2/2 23 Nov 09:20 booked; 3/3 23 Nov 09:30 not booked; 4/4 30 Nov 12:00 unknown")
	if !f.AsOf.Equal(time.Date(2026, time.November, 16, 2, 5, 0, 0, time.UTC)) || !f.Complete || len(f.Unreadable) != 0 {
		t.Errorf("as of %v, complete %t, unreadable %v", f.AsOf, f.Complete, f.Unreadable)
	}
	if a := s.visit(f, ann); a.Patient.Name != gateway.NewName("Siân") || a.Mode != gateway.ModeTelephone || a.Patient.Declined != gateway.FlagNo {
		t.Errorf("%+v", a)
	}
	if a := s.visit(f, bilal); a.Patient.Declined != gateway.FlagYes || a.Patient.MobileKind != gateway.NumberLandline {
		t.Errorf("%+v", a)
	}
	s.tomorrow()
	deliver("292")
	f = s.tells("1/1 23 Nov 09:10 cancelled; 2/1 23 Nov 09:20 booked; 3/3 23 Nov 09:30 not booked; 4/4 30 Nov 12:00 unknown")
	if len(f.Unreadable) != 1 || f.Unreadable[0].Where != "batch 292 of 17 November 2026 02:05:00, Admin_Patient, line 2" {
		t.Errorf("unreadable %v", f.Unreadable)
	}
	if a := s.visit(f, ann); a.Patient.Restricted != gateway.FlagUnclear {
		t.Error("a patient whose row could not be read may be texted")
	}
}
