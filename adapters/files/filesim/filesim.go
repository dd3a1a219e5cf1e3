// Package filesim drops the diary of an invented practice into a folder, the way
// a clinic's own system exports it: as a CSV file with the companion that counts
// its rows, or as a spreadsheet. It plays the part of the person or program that
// makes the export.
package filesim

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"bellman/adapters/files"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Name is the name of the file that Write makes.
const Name = "appointments.csv"

// days is for how many days from the day of the export it holds every visit.
const days = 60

// Config is the section of the configuration that reads what Write drops into a
// folder.
func Config(dir string) files.Config {
	return files.Config{
		Dir:        dir,
		DateFormat: "DD/MM/YYYY",
		Columns: files.Columns{
			ID: "Appointment ID", PatientID: "Patient ID", GivenName: "First Name", NHSNumber: "NHS Number",
			Mobile: "Mobile", Date: "Date", Time: "Time", Status: "Status", Site: "Location", Mode: "Type",
			Permission: "SMS permission", Deceased: "Date of death", Left: "Date left",
			DateOfBirth: "Date of Birth", Clinic: "Slot type", Language: "Language",
		},
		Statuses: map[string]string{"Late cancellation": "cancelled", "Rebooked elsewhere": "not_booked"},
	}
}

var headings = []string{
	"Appointment ID", "Patient ID", "First Name", "Last Name", "NHS Number", "Date of Birth", "Mobile", "Home phone",
	"Date", "Time", "Status", "Location", "Type", "SMS permission", "Date of death", "Date left", "Slot type", "Language",
}

// Write puts every visit of a diary into the folder, as one file that appears
// whole, and its companion after it. Both bear the time now. Times in the file
// are London wall times.
func Write(dir string, d *surgery.Diary, now time.Time) error {
	return WriteWith(dir, d, now, Paper{})
}

// WriteWith is Write with what the paper says. Hidden and crossed out rows exist
// in spreadsheets only.
func WriteWith(dir string, d *surgery.Diary, now time.Time, paper Paper) error {
	visits := d.Visits()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	rows := [][]string{headings}
	for _, v := range visits {
		p, _ := d.Person(v.Person)
		rows = append(rows, paper.row(p, v))
	}
	if err := w.WriteAll(rows); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	if err := drop(dir, Name, b.Bytes(), now); err != nil {
		return err
	}
	today := now.In(gateway.London())
	mark := fmt.Sprintf("rows: %d\nfrom: %s\nto: %s\n", len(visits),
		today.Format(time.DateOnly), today.AddDate(0, 0, days).Format(time.DateOnly))
	return drop(dir, Name+".complete", []byte(mark), now)
}

// drop makes a file appear whole, whatever happens meanwhile.
func drop(dir, name string, content []byte, now time.Time) error {
	f, err := os.CreateTemp(dir, ".dropping-*")
	if err != nil {
		return fmt.Errorf("drop export: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if _, err := f.Write(content); err != nil {
		_ = f.Close()
		return fmt.Errorf("drop export: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("drop export: %w", err)
	}
	if err := os.Chtimes(f.Name(), now, now); err != nil {
		return fmt.Errorf("drop export: %w", err)
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return fmt.Errorf("drop export: %w", err)
	}
	return nil
}

// row gives the cells of a visit as text.
func (paper Paper) row(p surgery.Person, v surgery.Visit) []string {
	cells := row(p, v)
	if word, ok := paper.Words[v.Slot]; ok {
		cells[10] = word
	}
	return cells
}

func row(p surgery.Person, v surgery.Visit) []string {
	start := v.Start.In(gateway.London())
	permission := "Yes"
	if p.Declined {
		permission = "No"
	}
	return []string{
		strconv.Itoa(v.Slot), strconv.Itoa(p.ID), p.Given, p.Family, spaced(p.NHSNumber), date(p.Born), p.Mobile, p.Home,
		date(start), start.Format("15:04"), status(v.Status), "Site " + strconv.Itoa(v.Site), mode(v.Mode),
		permission, date(p.Died), date(p.Deducted), v.Clinic, p.Language,
	}
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(gateway.London()).Format("02/01/2006")
}

// spaced writes an NHS number the way it is printed.
func spaced(nhs string) string {
	if len(nhs) != 10 {
		return nhs
	}
	return nhs[:3] + " " + nhs[3:6] + " " + nhs[6:]
}

func status(s gateway.Status) string {
	switch s {
	case gateway.StatusBooked:
		return "Booked"
	case gateway.StatusCancelled:
		return "Cancelled"
	case gateway.StatusArrived:
		return "Arrived"
	case gateway.StatusFinished:
		return "Completed"
	case gateway.StatusMissed:
		return "Did not attend"
	case gateway.StatusNotBooked:
		return "Blocked"
	case gateway.StatusUnknown:
	}
	return ""
}

func mode(m gateway.Mode) string {
	switch m {
	case gateway.ModeInPerson:
		return "Face-to-face"
	case gateway.ModeTelephone:
		return "Telephone"
	case gateway.ModeVideo:
		return "Video"
	case gateway.ModeHomeVisit:
		return "Home visit"
	case gateway.ModeUnknown:
	}
	return ""
}
