package tppextract_test

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"bellman/adapters/tppextract"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// readsLarge names, in the child process whose memory is measured, the folder.
const readsLarge = "BELLMAN_TPP_LARGE_EXTRACT"

// A large practice in a large extract: what is over is most of it.
const (
	largePatients = 15_000
	largeVisits   = 1_200_000
	largeAhead    = 4_000
	mostMemory    = 256 << 20
)

func TestALargeExtractIsStreamed(t *testing.T) {
	if dir := os.Getenv(readsLarge); dir != "" {
		readLarge(t, dir)
		return
	}
	if runtime.GOOS != "linux" || raced {
		t.Skip("the memory of a process is measured as Linux tells it, without the race detector's own")
	}
	dir := t.TempDir()
	size := writeLarge(t, dir)
	if size < mostMemory+mostMemory/8 {
		t.Fatalf("the extract has %d bytes: too few to prove anything", size)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.count=1", "-test.run=^TestALargeExtractIsStreamed$")
	cmd.Env = append(os.Environ(), readsLarge+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "no tests to run") {
		t.Fatalf("%v\n%s", err, out)
	}
	used := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	t.Logf("%d MB of CSV were read with %d MB of memory in %v of one processor", size>>20, used>>20, cmd.ProcessState.UserTime())
	if used > mostMemory {
		t.Errorf("%d MB of memory", used>>20)
	}
}

func readLarge(t *testing.T, dir string) {
	a, err := tppextract.New(tppextract.Config{Dir: dir}, gateway.Surroundings{
		Clock: gatewaytest.NewClock(morning), Trial: true, Practice: practice, Shelf: gatewaytest.NewShelf(),
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := a.Read(t.Context(), gateway.Span{From: morning, To: morning.AddDate(1, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	mobiles := 0
	for _, a := range f.Appointments {
		if a.Status == gateway.StatusBooked && a.Patient.MobileKind == gateway.NumberMobile {
			mobiles++
		}
	}
	if !f.Complete || mobiles != largeAhead || len(f.Unreadable) != 0 {
		t.Errorf("complete %t with %d visits to text, %d unreadable", f.Complete, mobiles, len(f.Unreadable))
	}
}

// writeLarge writes a full extract and gives how many bytes of CSV it has.
func writeLarge(t *testing.T, dir string) int64 {
	t.Helper()
	dir = filepath.Join(dir, firstNight)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "SRExtract.zip"))
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	var total int64
	tables := []struct{ name, columns string }{
		{"SRMapping", "RowIdentifier Mapping"},
		{"SRPatient", "RowIdentifier IDOrganisationVisibleTo FirstName NHSNumber DateDeath TestPatient RemovedData"},
		{"SRPatientContactDetails", "RowIdentifier IDOrganisationVisibleTo DateEventRecorded DateEvent ContactType ContactNumber IDPatient RemovedData"},
		{"SRSmsConsent", "RowIdentifier IDOrganisationVisibleTo DateEventRecorded DateEvent SmsConsent IDPatient IDOrganisation RemovedData"},
		{"SRPatientRegistration", "RowIdentifier IDOrganisationVisibleTo DateRegistration DateDeRegistration IDPatient IDOrganisation RemovedData"},
		{"SRAppointment", "RowIdentifier IDOrganisationVisibleTo DateStart DateEnd AppointmentStatus DateAppointmentBooked RotaName RotaType RotaLocation DateAppointmentCancelled IDPatient IDOrganisation TelephoneAppointment RemovedData"},
	}
	manifest := `"FileName","IsDelta","IsReference","DateExtractFrom","DateExtractTo"` + "\r\n"
	for _, table := range tables {
		manifest += fmt.Sprintf("\"%s\",\"N\",\"N\",\"\",\"%s\"\r\n", table.name, firstNight)
		w, err := z.Create(table.name + ".csv")
		if err != nil {
			t.Fatal(err)
		}
		b := bufio.NewWriterSize(&counter{w, &total}, 1<<16)
		line(b, strings.Fields(table.columns)...)
		largeRows(b, table.name)
		if err := b.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "SRManifest.csv"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	settle(t, dir)
	return total
}

type counter struct {
	io.Writer
	total *int64
}

func (c *counter) Write(p []byte) (int, error) {
	*c.total += int64(len(p))
	return c.Writer.Write(p)
}

func line(w *bufio.Writer, cells ...string) {
	for i, c := range cells {
		if i > 0 {
			_ = w.WriteByte(',')
		}
		_, _ = w.WriteString(`"` + c + `"`)
	}
	_, _ = w.WriteString("\r\n")
}

func largeRows(w *bufio.Writer, table string) {
	const day, mid = "01 Feb 2025 10:00:00", "01 Feb 2025 10:00"
	for i := range largePatients {
		row, patient := fmt.Sprint(1_000_000_000+i), fmt.Sprint(500_000+i)
		switch table {
		case "SRPatient":
			line(w, patient, practice, "Given", fmt.Sprintf("999%07d", i), "", "0", "0")
		case "SRPatientContactDetails":
			line(w, row, practice, day, day, "2", fmt.Sprintf("07700 900%03d", i%1000), patient, "0")
		case "SRSmsConsent":
			line(w, row, practice, mid, mid, "Yes", patient, practice, "0")
		case "SRPatientRegistration":
			line(w, row, practice, day, "", patient, practice, "0")
		}
	}
	switch table {
	case "SRMapping":
		line(w, "1", "Booked")
		line(w, "2", "Mobile")
	case "SRAppointment":
		ahead := morning.Add(48 * time.Hour)
		for i := range largeVisits {
			start := morning.AddDate(0, 0, -2).Add(-time.Duration(i) * 3 * time.Minute)
			if i%(largeVisits/largeAhead) == 0 {
				start = ahead.Add(time.Duration(i/(largeVisits/largeAhead)) * time.Minute)
				if start.Hour() == 0 && start.Minute() == 0 {
					start = start.Add(30 * time.Second)
				}
			}
			at := start.Format("02 Jan 2006 15:04:05")
			line(w, fmt.Sprint(2_000_000_000+i), practice, at, at, "1", day, "Dr A, a rota with a name as long as they are in the wild", "Surgery",
				"Main Site, first floor, behind the second door on the left", "", fmt.Sprint(500_000+i%largePatients), practice, "0", "0")
		}
	}
}
