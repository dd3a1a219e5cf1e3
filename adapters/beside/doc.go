// Package beside puts what checkers know (the Personal Demographics Service, GP
// Connect) beside what a practice's own clinical system says, and makes one source
// of both. It speaks to nobody itself.
//
// Nobody is asked for every patient of every read: a read lays over the diary what
// the checkers have learnt before, and in the moment of sending each is asked anew.
// What was learnt then is remembered on the practice's shelf, and goes on to count
// in the reads that follow, however old it grows, for as long as it changes anything:
// a patient who is dead by PDS and alive by the practice's own system does not come
// back to life between two looks. Only another answer lifts it. A few of those that
// have grown old are asked for anew with each read, so that a mistake that is put
// right there is noticed here.
package beside
