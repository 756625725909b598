import CairnIntern
import Testing

@Suite struct SymbolTests {
  @Test func takesFourBytesAlsoIfOptional() {
    #expect(MemoryLayout<Symbol<Names>>.size == 4)
    #expect(MemoryLayout<Symbol<Names>?>.size == 4)
    #expect(MemoryLayout<Symbol<Names>?>.stride == 4)
  }

  @Test func keepsItsRawValue() throws {
    for rawValue: UInt32 in [0, 1, 255, 256, 65_535, 65_536, 0x00FF_FFFF, 0x0100_0000, 0xEFFF_FFFF]
    {
      let symbol: Symbol<Names>? = Symbol(rawValue: rawValue)
      #expect(try #require(symbol).rawValue == rawValue)
    }
    #expect(Symbol<Names>(rawValue: 0xF000_0000) == nil)
    #expect(Symbol<Names>(rawValue: .max) == nil)
  }

  @Test func keepsNilApart() {
    let some = (0..<256).map { Symbol<Names>(rawValue: $0 << 24) }
    #expect(some.filter { $0 == nil }.count == 16)
  }

  /// Code that does not know the type writes and reads `nil` as the type's own description says; code
  /// that knows it does so inline. Both must agree, also in release.
  @Test func nilIsNilForCodeThatDoesNotKnowTheType() throws {
    let symbol = try #require(Symbol<Names>(rawValue: 0x1234_5678))
    for opaque in strangers {
      for garbage: UInt8 in [0, 0x55, 0xFF] {
        let none = opaque.none(Symbol<Names>.self, over: garbage)
        #expect(none == nil)
        #expect(isNil(none))
        #expect(opaque.isNil(none))
        #expect(none != symbol)
        #expect(none?.rawValue == nil)
        #expect(Set([none, nil, symbol]).count == 2)
        let nested = opaque.none(Symbol<Names>?.self, over: garbage)
        #expect(nested == nil)
        #expect(opaque.isNil(nested))
        let inner = opaque.some(none)
        #expect(inner != nil)
        #expect(!opaque.isNil(inner))
        #expect(inner.map { $0 == nil } == true)
        let deep = opaque.none(Symbol<Names>??.self, over: garbage)
        #expect(deep == nil)
      }
      #expect(!opaque.isNil(Optional(symbol)))
      #expect(opaque.some(symbol) == symbol)
      let plain: Symbol<Names>? = nil
      #expect(opaque.isNil(plain))
    }
  }

  @Test func nilSurvivesContainersAndClosures() throws {
    let symbol = try #require(Symbol<Names>(rawValue: 7))
    let numbers: [UInt32?] = [nil, 7, nil, .max]
    let mapped = numbers.map { $0.flatMap(Symbol<Names>.init(rawValue:)) }
    #expect(mapped == [nil, symbol, nil, nil])
    #expect(mapped.compactMap { $0 } == [symbol])
    #expect(generic(numbers, Names.self) == mapped)
    let boxes: [Any] = mapped.map { $0 as Any }
    #expect(boxes.map { $0 as? Symbol<Names> } == mapped)
    var table: [Symbol<Names>: Symbol<Names>?] = [symbol: nil]
    #expect(table[symbol] == .some(nil))
    table[symbol] = .some(symbol)
    #expect(table[symbol] == .some(symbol))
    #expect(table[symbol]??.rawValue == 7)
    let holder = Holder(first: nil, second: symbol)
    let paths: [KeyPath<Holder, Symbol<Names>?>] = [\.first, \.second]
    #expect(paths.map { holder[keyPath: $0] } == [nil, symbol])
    #expect(holder == Holder(first: nil, second: symbol))
  }

  /// What the module itself gives, through generic code that is not specialised.
  @Test func unknownStringsHaveNilSymbols() throws {
    var arena = try NameArena()
    let known = try arena.intern("known")
    let finder = Finder(space: Names.self)
    #expect(finder.find("unknown", in: arena) == nil)
    #expect(isNil(finder.find("unknown", in: arena)))
    #expect(finder.find("known", in: arena) == known)
    #expect(finder.parse(nil) == nil)
    #expect(finder.parse(known.rawValue) == known)
  }
}

private struct Holder: Equatable {
  var first: Symbol<Names>?
  var second: Symbol<Names>?
}

@inline(never)
private func isNil<Space>(_ symbol: Symbol<Space>?) -> Bool {
  switch symbol {
  case .none: true
  case .some: false
  }
}

@inline(never)
private func generic<Space>(_ numbers: [UInt32?], _ space: Space.Type) -> [Symbol<Space>?] {
  numbers.map { $0.map { Symbol(rawValue: $0) } ?? nil }
}

/// Works on values whose type it learns at run time only.
private protocol Stranger: Sendable {
  func none<Value>(_ type: Value.Type, over garbage: UInt8) -> Value?
  func some<Value>(_ value: Value) -> Value?
  func isNil<Value>(_ value: Value?) -> Bool
}

private final class PlainStranger: Stranger {
  func none<Value>(_ type: Value.Type, over garbage: UInt8) -> Value? {
    let place = UnsafeMutablePointer<Value?>.allocate(capacity: 1)
    defer { place.deallocate() }
    UnsafeMutableRawPointer(place).initializeMemory(
      as: UInt8.self, repeating: garbage, count: MemoryLayout<Value?>.size)
    place.initialize(to: nil)
    return place.move()
  }

  func some<Value>(_ value: Value) -> Value? { value }
  func isNil<Value>(_ value: Value?) -> Bool { value == nil }
}

private final class MappingStranger: Stranger {
  func none<Value>(_ type: Value.Type, over garbage: UInt8) -> Value? {
    let values: [Value] = []
    return values.first.map { $0 }
  }

  func some<Value>(_ value: Value) -> Value? { Optional(value).map { $0 } }
  func isNil<Value>(_ value: Value?) -> Bool { value.map { _ in false } ?? true }
}

/// In an order that the optimiser cannot know, so that it calls them as strangers.
private let strangers: [any Stranger] = [PlainStranger(), MappingStranger()].shuffled()

private struct Finder<Space> {
  let space: Space.Type

  @inline(never)
  func find(_ string: String, in arena: borrowing StringArena<Space>) -> Symbol<Space>? {
    let found: Symbol<Space>? = arena.symbol(for: string)
    return found.map { $0 }
  }

  @inline(never)
  func parse(_ rawValue: UInt32?) -> Symbol<Space>? { rawValue.flatMap(Symbol.init(rawValue:)) }
}
