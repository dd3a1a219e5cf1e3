package emisextract

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"bellman/adapters/extract"
	"bellman/gateway"
)

// table is one kind of file of the extract.
type table string

// The tables that we read, in the order in which they are read in: what others
// refer to comes first.
const (
	tableAgreements    table = "Agreements_SharingOrganisation"
	tableOrganisations table = "Admin_Organisation"
	tableCodes         table = "Coding_ClinicalCode"
	tablePatients      table = "Admin_Patient"
	tableSessions      table = "Appointment_Session"
	tableUsers         table = "Appointment_SessionUser"
	tableObservations  table = "CareRecord_Observation"
	tableSlots         table = "Appointment_Slot"
)

var tables = []table{
	tableOrganisations, tableAgreements, tableCodes, tablePatients, tableSessions, tableUsers, tableObservations, tableSlots,
}

// batchID names a batch: its processing ids and its stamp, as in the names of its
// files. The stamp orders batches.
type batchID struct {
	IDs   string `json:"ids"`   // "291" or "291-293"
	Stamp string `json:"stamp"` // yyyyMMddHHmmss, London wall time
}

// String names the batch for people.
func (b batchID) String() string {
	at, err := time.Parse(stampLayout, b.Stamp)
	if err != nil {
		return "batch " + b.IDs
	}
	return fmt.Sprintf("batch %s of %s", b.IDs, at.Format("2 January 2006 15:04:05"))
}

const stampLayout = "20060102150405"

// at gives the moment of the stamp.
func (b batchID) at() time.Time {
	t, err := time.Parse(stampLayout, b.Stamp)
	if err != nil {
		return time.Time{}
	}
	at, _ := gateway.FromWall(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second())
	return at
}

// day gives the day of the stamp as a number of days, to be compared.
func (b batchID) day() int64 {
	t, err := time.Parse(stampLayout, b.Stamp)
	if err != nil {
		return 0
	}
	return t.Unix() / (24 * 60 * 60)
}

// span gives the first and the last processing id.
func (b batchID) span() (first, last int64) {
	m := idsPattern.FindStringSubmatch(b.IDs)
	if m == nil {
		return 0, 0
	}
	first, _ = strconv.ParseInt(m[1], 10, 64)
	last = first
	if m[2] != "" {
		last, _ = strconv.ParseInt(m[2], 10, 64)
	}
	return first, last
}

// named is a file of the extract as its name tells.
type named struct {
	extract.File
	batch     batchID
	table     table
	agreement string // lower case
	encrypted bool
}

// namePattern is <processing ids>_<schema>_<table>_<stamp>_<agreement>.csv[.gpg].
var namePattern = regexp.MustCompile(`^([0-9]{1,9}(?:-[0-9]{1,9})?)_([A-Za-z]+_[A-Za-z]+)_([0-9]{14})_([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\.csv(\.gpg)?$`)

// parseName reads the name of a file. It reports false when it is not one of an
// EMIS Extract, or its stamp is no time.
func parseName(f extract.File) (named, bool) {
	m := namePattern.FindStringSubmatch(f.Name)
	if m == nil {
		return named{}, false
	}
	if _, err := time.Parse(stampLayout, m[3]); err != nil {
		return named{}, false
	}
	return named{
		File: f, batch: batchID{IDs: m[1], Stamp: m[3]}, table: table(m[2]),
		agreement: strings.ToLower(m[4]), encrypted: m[5] != "",
	}, true
}
