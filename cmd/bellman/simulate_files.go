package main

import (
	"path/filepath"
	"time"

	"bellman/adapters/files/filesim"
)

// simulateFiles plays the front desk of a practice that can only export: as CSV, as
// a spreadsheet, and as a calendar, into folders and under an address.
func simulateFiles(st staged) (simulated, error) {
	dir, err := st.folder()
	if err != nil {
		return simulated{}, err
	}
	office, err := filesim.NewOffice(dir, st.diary, st.clock)
	if err != nil {
		return simulated{}, err
	}
	ended := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		again := time.NewTicker(10 * time.Second)
		defer again.Stop()
		for {
			select {
			case <-ended:
				return
			case <-again.C:
				_ = office.Keep()
			}
		}
	}()
	return simulated{
		handler: office, close: func() { close(ended); <-stopped },
		lines: filesLines(dir, st.base),
	}, nil
}

// filesLines tells how to point Bellman at each kind of export.
func filesLines(dir, base string) []string {
	const columns = `columns: {id: Appointment ID, patient_id: Patient ID, given_name: First Name, nhs_number: NHS Number, mobile: Mobile, date: Date, time: Time, ` +
		`status: Status, site: Location, mode: Type, permission: SMS permission, deceased: Date of death, left: Date left, ` +
		`date_of_birth: Date of Birth, clinic: Slot type, language: Language}`
	patients := `patients: {file: ` + filepath.Join(dir, filesim.CalendarFolder, filesim.PatientsName) + `, columns: {patient_id: Patient ID, given_name: First Name, ` +
		`family_name: Last Name, mobile: Mobile, permission: SMS permission}}, complete: true, window: 60`
	return []string{
		"source: {type: files, dir: " + filepath.Join(dir, filesim.TextFolder) + ", date_format: DD/MM/YYYY, " + columns + "}",
		"source: {type: files, dir: " + filepath.Join(dir, filesim.SheetFolder) + `, pattern: "*.xlsx", date_format: DD/MM/YYYY, complete: true, window: 60, ` + columns + "}",
		"source: {type: files, dir: " + filepath.Join(dir, filesim.CalendarFolder) + ", calendar: {by: name, clinic: categories, not_visits: [Lunch]}, " + patients + "}",
		"source: {type: files, calendar: {url: " + base + filesim.PublishedPath + ", by: name, clinic: categories, not_visits: [Lunch]}, " + patients + "}",
		"try: curl " + base + "/sim/visits; curl -X POST " + base + "/sim/visits/SLOT/cancel",
	}
}
