"""Tables of anybody: yearbook workbooks to observations, any panel to an audit report."""
