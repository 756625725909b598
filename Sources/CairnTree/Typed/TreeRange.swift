/// A range of keys: `a..<b`, `a...b`, `..<b`, `...b` or `a...`.
public protocol TreeRange<Bound> {
  associatedtype Bound: TreeKey
  var treeBounds: TreeBounds<Bound> { get }
}

/// Where a range of keys begins and ends.
@frozen
public struct TreeBounds<Key: TreeKey>: TreeRange, Sendable {
  /// The smallest key in the range; `nil` sets no bound.
  public var low: Key?
  /// The key before which the range ends, or with which it does; `nil` sets no bound.
  public var high: Key?
  public var includesHigh: Bool

  @inlinable
  public init(from low: Key? = nil, to high: Key? = nil, includesHigh: Bool = false) {
    self.low = low
    self.high = high
    self.includesHigh = includesHigh
  }

  @inlinable public var treeBounds: TreeBounds<Key> { self }
}

extension Range: TreeRange where Bound: TreeKey {
  @inlinable public var treeBounds: TreeBounds<Bound> {
    TreeBounds(from: lowerBound, to: upperBound)
  }
}

extension ClosedRange: TreeRange where Bound: TreeKey {
  @inlinable public var treeBounds: TreeBounds<Bound> {
    TreeBounds(from: lowerBound, to: upperBound, includesHigh: true)
  }
}

extension PartialRangeFrom: TreeRange where Bound: TreeKey {
  @inlinable public var treeBounds: TreeBounds<Bound> { TreeBounds(from: lowerBound) }
}

extension PartialRangeUpTo: TreeRange where Bound: TreeKey {
  @inlinable public var treeBounds: TreeBounds<Bound> { TreeBounds(to: upperBound) }
}

extension PartialRangeThrough: TreeRange where Bound: TreeKey {
  @inlinable public var treeBounds: TreeBounds<Bound> {
    TreeBounds(to: upperBound, includesHigh: true)
  }
}
