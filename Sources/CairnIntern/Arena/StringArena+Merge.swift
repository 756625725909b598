extension StringArena {
  /// Adds all strings of another arena, and returns which symbol here stands for which there.
  ///
  /// - Throws: as ``intern(_:)-(RawSpan)``; some of the strings have been added then.
  public mutating func merge<Other>(
    _ other: borrowing StringArena<Other>
  ) throws(InternError) -> SymbolMap<Other, Space> {
    SymbolMap(try core.merge(other.core.records))
  }

  /// Adds all strings that a shared arena has when the call starts, and returns which symbol here
  /// stands for which there.
  ///
  /// - Throws: as ``intern(_:)-(RawSpan)``; some of the strings have been added then.
  public mutating func merge<Other>(
    _ other: SharedStringArena<Other>
  ) throws(InternError) -> SymbolMap<Other, Space> {
    SymbolMap(try core.merge(other.core.records))
  }

  /// Adds all strings of a frozen arena, and returns which symbol here stands for which there.
  ///
  /// - Throws: as ``intern(_:)-(RawSpan)``; some of the strings have been added then.
  public mutating func merge<Other>(
    _ other: FrozenStringArena<Other>
  ) throws(InternError) -> SymbolMap<Other, Space> {
    SymbolMap(try core.merge(other.core.records))
  }
}

extension ArenaCore {
  /// Adds all records, and returns where they are there, ascending, and where here.
  mutating func merge(_ other: Records) throws(InternError) -> [(there: UInt32, here: UInt32)] {
    try other.intern(into: &self)
  }
}

extension Records {
  /// Interns all records, and returns where they are here, ascending, and where there.
  @inline(__always)
  func intern<Target: BatchTarget & ~Copyable>(
    into target: inout Target
  ) throws(InternError) -> [(there: UInt32, here: UInt32)] {
    var pairs: [(there: UInt32, here: UInt32)] = []
    let batch = StringBatch()
    var cursor = RecordCursor(self)
    var symbols: [UInt32] = []
    while true {
      symbols.removeAll(keepingCapacity: true)
      batch.fill {
        guard let (symbol, content) = cursor.next(), let start = content.baseAddress else {
          return nil
        }
        symbols.append(symbol)
        return (start, content.count)
      }
      if let failure = batch.intern(into: &target) { throw failure }
      if symbols.isEmpty { return pairs }
      for (there, here) in zip(symbols, batch.symbols) { pairs.append((there, here)) }
    }
  }
}

/// Which symbols of one arena stand for those of another: what
/// ``StringArena/merge(_:)-(StringArena<Other>)`` gives.
///
/// It takes 8 bytes for each string of the other arena.
public struct SymbolMap<Other, Space>: Sendable {
  private let pairs: [(there: UInt32, here: UInt32)]

  init(_ pairs: [(there: UInt32, here: UInt32)]) {
    self.pairs = pairs
  }

  /// The number of strings that the other arena had.
  public var count: Int { pairs.count }

  /// The symbol that stands for one of the other arena's; `nil` if that arena had no such symbol.
  ///
  /// - Complexity: O(log *n*).
  public subscript(symbol: Symbol<Other>) -> Symbol<Space>? {
    var low = 0
    var high = pairs.count
    while low < high {
      let middle = (low + high) / 2
      if pairs[middle].there < symbol.rawValue { low = middle + 1 } else { high = middle }
    }
    guard low < pairs.count, pairs[low].there == symbol.rawValue else { return nil }
    return Symbol(known: pairs[low].here)
  }
}
