"""Ahmadi, Salimi and Khorashad, "No entropy production in quantum thermodynamics".

The authors call all of -tr(D(rho) ln rho) exterior, so that nothing is left for the interior. That
is a bookkeeping. Every number here says which bookkeeping it follows and stands next to one from an
independent route.
"""
