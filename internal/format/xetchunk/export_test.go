package xetchunk

// Gear is the table, for rules that tests spell out.
var Gear = gear
