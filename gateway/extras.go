package gateway

// Extras is what a practice has its texts say besides the least. All of it is off
// unless the practice wants it, so that no text changes by itself (R01).
type Extras struct {
	FirstName    bool              // greet the patient by first name, where that is safe: see Greeting
	Family       bool              // also on a number that several patients have, to tell them apart
	Sites        map[string]string // by the source's id of a place: the name that texts may give it
	CancelByText bool              // tell how to cancel by an answer, with the visit's code
	DropAccents  bool              // write without the accents that double the price of a text
	Cost         Cost
}

// Cost is what a missed appointment costs the NHS. The zero Cost is not told.
type Cost struct {
	Pounds int
	Source string // who found it out; shown to who asks, never in a text
}
