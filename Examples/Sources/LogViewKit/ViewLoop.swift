public import CairnLog
import CommandSupport

/// Lets somebody look at a log, and shows what is new in it.
public struct ViewLoop {
  private let terminal: Terminal
  private let newest: () throws(LogError) -> LogSnapshot
  private let isASCII: Bool
  private let clock = ContinuousClock()

  /// How often is looked for what is new: a person takes that for at once.
  private static let pause = Duration.milliseconds(100)
  /// How long the rest of a key's sequence may take to come, over a slow line.
  private static let patience = 50

  /// - Parameter newest: the newest state of the log.
  public init(_ terminal: Terminal, _ newest: @escaping () throws(LogError) -> LogSnapshot) {
    self.terminal = terminal
    self.newest = newest
    isASCII = !Terminal.isUTF8
  }

  /// Goes on until the person is done, or the terminal is gone.
  ///
  /// - Throws: what reading the log's newest state, or writing to the terminal, throws.
  public func run(_ viewer: inout Viewer) throws {
    var decoder = KeyDecoder()
    var painter = Painter()
    var continuations = Undo.continuations
    var nextLook = clock.now + Self.pause
    while !viewer.hasEnded {
      if Undo.continuations != continuations {
        continuations = Undo.continuations
        painter.forget()
      }
      let size = terminal.size
      let bytes = painter.bytes(
        for: viewer.screen(columns: size.columns, rows: size.rows, isASCII: isASCII))
      if !bytes.isEmpty { try terminal.write(bytes) }

      if terminal.wait(patience(decoder, viewer, until: nextLook)) {
        guard let typed = terminal.read() else { return }
        for key in decoder.keys(from: typed) { press(key, &viewer, &painter) }
      } else if decoder.isWaiting {
        for key in decoder.giveUp() { press(key, &viewer, &painter) }
      }
      if viewer.isSearching { viewer.continueSearch() }
      if clock.now >= nextLook {
        let time = try clock.measure { try look(&viewer) }
        // What takes long, as with a filter on a large log, must not take all the time.
        nextLook = clock.now + max(Self.pause, time * 4)
      }
    }
  }

  private func press(_ key: Key, _ viewer: inout Viewer, _ painter: inout Painter) {
    // As if something else had written to the terminal.
    if key == .control("l") { painter.forget() }
    if !viewer.hasEnded { viewer.press(key) }
  }

  private func patience(
    _ decoder: KeyDecoder, _ viewer: Viewer, until look: ContinuousClock.Instant
  ) -> Int {
    if viewer.isSearching { return 0 }
    if decoder.isWaiting { return Self.patience }
    return Int((look - clock.now).seconds * 1000) + 1
  }

  private func look(_ viewer: inout Viewer) throws {
    let snapshot = try newest()
    let shown = viewer.browser.view.snapshot
    // Every change of the log makes it longer.
    if snapshot.byteCount > shown.byteCount, snapshot.count >= shown.count {
      viewer.update(to: snapshot)
    }
  }
}
