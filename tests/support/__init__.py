"""What the tests share.

A running service:
    service            the application started in this process, a client of it, and its engine
    sockets            the application on a real socket, and connections whose every byte a test chooses
    programs           the interpreter's programs, compiled once for all test processes and kept between runs
    longest            the files that take longest: first in a parallel run, last where the first failure ends a run
    documents          the tables and examples in README and docs, read by the tests that hold them true

What is right:
    assertions         problem documents, strict JSON, numbers that are close
    reference          value, gradient and Hessian of a text to 50 digits (mpmath)
    mpmath_functions   the functions of numbers that the reference knows
    mpmath_arrays      the array functions that the reference knows
    dual_numbers       the error that plain float64 arithmetic makes in a gradient
    jax_reference      the same texts by jax.numpy and un-jitted jax.grad
    pasted_functions   a text is answered with the right numbers, or refused as not in the language
    tiers              the compiled tier and the running engine behind one call
    float_tapes        a tape run in Python floats

What is sent:
    strategies         random functions (hypothesis)
    random_requests    random documents and programs
    attacks            texts that would cost much more than their length
"""
