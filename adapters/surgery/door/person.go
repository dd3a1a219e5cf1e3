package door

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Field says how one field of a form changes a person, or what is wrong with its
// value.
type Field func(value string) (func(*surgery.Person), error)

// Mobile is the field of the mobile number, as a receptionist types it.
func Mobile(value string) (func(*surgery.Person), error) {
	return func(p *surgery.Person) { p.Mobile = value }, nil
}

// Died is a field for the time of death, in the vendor's own words for a time.
func Died(read func(string) (time.Time, error)) Field {
	return func(value string) (func(*surgery.Person), error) {
		t, err := read(value)
		return func(p *surgery.Person) { p.Died = t }, err
	}
}

// Deducted is a field for when a person left the practice, likewise.
func Deducted(read func(string) (time.Time, error)) Field {
	return func(value string) (func(*surgery.Person), error) {
		t, err := read(value)
		return func(p *surgery.Person) { p.Deducted = t }, err
	}
}

// Declined is a field for whether a person said no to texts.
func Declined(read func(string) bool) Field {
	return func(value string) (func(*surgery.Person), error) {
		return func(p *surgery.Person) { p.Declined = read(value) }, nil
	}
}

// Date reads a date as midday in London; empty is the zero time, which undoes one.
func Date(value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, value, gateway.London())
	if err != nil {
		return time.Time{}, errors.New("is not a date such as 2027-03-29")
	}
	return t.Add(12 * time.Hour), nil
}

// Yes reads yes.
func Yes(value string) bool { return value == "yes" }

// person changes the fields that the form holds: all of them, or none when one is
// wrong.
func (d Door) person(w http.ResponseWriter, r *http.Request) {
	form, ok := Form(w, r)
	if !ok {
		return
	}
	var changes []func(*surgery.Person)
	for name, field := range d.Fields {
		if !form.Has(name) {
			continue
		}
		change, err := field(form.Get(name))
		if err != nil {
			Refuse(w, name+" "+err.Error())
			return
		}
		changes = append(changes, change)
	}
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !d.Diary.Edit(id, func(p *surgery.Person) {
		for _, change := range changes {
			change(p)
		}
	}) {
		d.missing(w)
		return
	}
	if d.Beside != nil {
		d.Beside(id, form)
	}
	d.changed(w)
}
