/// What happened in simulated schedules, to see that they are worth something.
struct ScheduleEvents {
  var commits = 0
  /// Publications of sessions that a collector had closed.
  var refusals = 0
  /// Roots that sessions built on.
  var bases = 0
  var deaths = 0
  var sleeps = 0
  /// Sessions that were closed while their writer slept, and that it woke up in.
  var awakenings = 0
  /// Sessions that were closed: at random, as by clocks that are hours apart.
  var closings = 0
  /// Listings that did not show what was there at their end.
  var lags = 0
  /// Condemnations while another one was there.
  var rivals = 0
  var copiedPacks = 0
  var deletedPacks = 0
  /// Packs that were condemned and turned out to be needed.
  var neededPacks = 0
  /// Packs that were left for the next collection, since a session might need them.
  var postponedPacks = 0

  static var kinds: [(name: String, path: KeyPath<ScheduleEvents, Int>)] {
    [
      ("commits", \.commits), ("refusals", \.refusals), ("bases", \.bases), ("deaths", \.deaths),
      ("sleeps", \.sleeps), ("awakenings", \.awakenings), ("closings", \.closings),
      ("lags", \.lags), ("rivals", \.rivals), ("copied packs", \.copiedPacks),
      ("deleted packs", \.deletedPacks), ("needed packs", \.neededPacks),
      ("postponed packs", \.postponedPacks),
    ]
  }
}
