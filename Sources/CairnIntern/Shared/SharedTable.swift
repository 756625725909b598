/// One of the tables that a shared arena has had, alive as long as the arena.
///
/// A thread may still be reading a table that was replaced: its memory is given back, and reads as a
/// table in which nothing is, but its addresses stay.
final class SharedTable {
  let view: GroupView
  var table: GroupTable

  init(_ table: consuming GroupTable) {
    view = table.view
    self.table = table
  }
}
